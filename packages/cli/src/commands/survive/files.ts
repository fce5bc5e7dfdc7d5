import { join } from "node:path";
import type { Report, StudyReport } from "@verdigris/survival";
import { writeWhole } from "@verdigris/text";
import { type Io, print, tell } from "../../io.js";

/** A configuration as it was read. */
export interface ConfigFile {
  readonly path: string;
  readonly value: unknown;
}

/** Writes a report in its three forms. */
export async function writeReport(
  io: Io,
  report: Report | StudyReport,
  directory: string,
): Promise<void> {
  const { renderHtml, renderJson, renderMarkdown } = await import("@verdigris/survival");
  await writeWhole(join(directory, "report.json"), renderJson(report));
  await writeWhole(join(directory, "report.md"), renderMarkdown(report));
  await writeWhole(join(directory, "report.html"), renderHtml(report));
  const names =
    "kind" in report
      ? "report.json, report.md and report.html"
      : "report.json, report.md, report.html and forecasts.json";
  tell(io, `wrote ${names} in ${directory}`);
}

/** Prints a report. */
export async function printReport(
  io: Io,
  report: Report | StudyReport,
  format: "text" | "json",
): Promise<void> {
  const { renderJson, renderText } = await import("@verdigris/survival");
  await print(io, format === "json" ? renderJson(report) : renderText(report));
}
