import type { StudyReport } from "../lab/report.js";
import type { Report } from "../report.js";
import { canonicalJson } from "../store.js";

export { survivalCurveSvg } from "./charts.js";
export { renderHtml } from "./html.js";
export { renderMarkdown } from "./markdown.js";
export { type LawPoint, residualsSvg } from "./residuals.js";
export { renderText } from "./text.js";

/** A report as JSON with sorted keys, indented: equal reports give equal bytes. */
export function renderJson(report: Report | StudyReport): string {
  return `${JSON.stringify(JSON.parse(canonicalJson(report)), null, 2)}\n`;
}
