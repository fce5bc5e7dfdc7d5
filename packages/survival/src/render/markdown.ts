import type { StudyReport } from "../lab/report.js";
import type { Report } from "../report.js";
import type { Table } from "../page/page.js";
import { describe } from "./content.js";
import type { Section } from "./section.js";
import type { Figure } from "./study-figures.js";
import { figureText, figureTextLegend } from "./text-chart.js";

/** A report as GitHub-flavoured Markdown. */
export function renderMarkdown(report: Report | StudyReport): string {
  const { title, sections } = describe(report);
  return `${[`# ${escape(title)}`, ...sections.flatMap(blocks)].join("\n\n")}\n`;
}

function blocks({ heading, paragraphs, points, table, figures }: Section): string[] {
  const list = points.map((point) => `- ${escape(point)}`).join("\n");
  const parts = [
    `## ${escape(heading)}`,
    ...paragraphs.map(escape),
    list,
    table === null ? "" : tableOf(table),
    ...figures.flatMap(figureOf),
  ];
  return parts.filter((part) => part !== "");
}

/** Markdown has no picture without a file beside it: letters, with the numbers. */
function figureOf(figure: Figure): string[] {
  return [
    `**${escape(figure.title)}**`,
    `${FENCE}text\n${figureText(figure)}\n${FENCE}`,
    escape(`${figureTextLegend(figure)}. ${figure.caption}`),
  ];
}

const FENCE = "```";

function tableOf({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(columns.map(({ head }) => escape(head))),
    line(columns.map(({ numeric }) => (numeric ? "---:" : "---"))),
    ...rows.map((row) => line(row.map(escape))),
  ].join("\n");
}

/** Keeps a string from being read as markup, and on one line. */
function escape(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[\\`*_[\]<>|~#&]/g, "\\$&");
}
