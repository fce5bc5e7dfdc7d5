import type { StudyReport } from "../lab/report.js";
import type { Report } from "../report.js";
import type { Table } from "../page/page.js";
import { type Section, describe } from "./content.js";

/** A report as GitHub-flavoured Markdown. */
export function renderMarkdown(report: Report | StudyReport): string {
  const { title, sections } = describe(report);
  return `${[`# ${escape(title)}`, ...sections.flatMap(blocks)].join("\n\n")}\n`;
}

function blocks({ heading, paragraphs, points, table }: Section): string[] {
  const list = points.map((point) => `- ${escape(point)}`).join("\n");
  const parts = [
    `## ${escape(heading)}`,
    ...paragraphs.map(escape),
    list,
    table === null ? "" : tableOf(table),
  ];
  return parts.filter((part) => part !== "");
}

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
