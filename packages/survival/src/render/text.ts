import type { StudyReport } from "../lab/report.js";
import type { Report } from "../report.js";
import type { Table } from "../page/page.js";
import { describe } from "./content.js";
import type { Section } from "./section.js";

const WIDTH = 100;
const INDENT = "  ";
const HANG = "  ";

/** A report for the terminal: survival table, verdicts, controls, notice and record; long explanations and charts left out. */
export function renderText(report: Report | StudyReport): string {
  const { title, sections } = describe(report);
  const shown = sections.filter(({ kind }) => kind !== "curves");
  return `${[title, ...shown.map(block)].map(printable).join("\n\n")}\n`;
}

function block(section: Section): string {
  const { kind, heading, paragraphs, points, table } = section;
  const body = [
    ...(kind === "survival" ? [] : paragraphs.map((text) => wrap(text))),
    ...points.map((point) => wrap(point, HANG)),
    ...(table === null ? [] : [tableOf(section, table)]),
  ];
  return [heading.toUpperCase(), ...body].join("\n");
}

/** Words do not fit columns: the controls become one paragraph each. */
function tableOf({ kind }: Section, table: Table): string {
  if (kind !== "controls") return columnsOf(table);
  return table.rows.map((row) => wrap(`${row[0]} (${row[1]}). ${row[2]}`, HANG)).join("\n");
}

function columnsOf({ columns, rows }: Table): string {
  const shown = columns.flatMap((column, i) => (column.detail ? [] : [{ column, i }]));
  const lines = [columns.map(({ head }) => head), ...rows];
  const widths = shown.map(({ i }) =>
    lines.reduce((most, line) => Math.max(most, line[i].length), 0),
  );
  return lines
    .map((line) => {
      const cells = shown.map(({ column, i }, at) =>
        column.numeric ? line[i].padStart(widths[at]) : line[i].padEnd(widths[at]),
      );
      return `${INDENT}${cells.join("  ").trimEnd()}`;
    })
    .join("\n");
}

/** `hang` indents the lines after the first. */
function wrap(text: string, hang = ""): string {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    const last = lines[lines.length - 1];
    if (last === "") lines[lines.length - 1] = word;
    else if (INDENT.length + hang.length + last.length + 1 + word.length <= WIDTH)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return INDENT + lines.join(`\n${INDENT}${hang}`);
}

/** Control characters of a foreign string must not reach a terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (control) =>
    control === "\n" ? control : "\ufffd",
  );
}
