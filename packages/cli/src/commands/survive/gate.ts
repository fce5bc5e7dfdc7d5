import type { Check, Report, StudyReport } from "@verdigris/survival";
import { inFile } from "@verdigris/text";
import { readJsonFile } from "../../files.js";
import { checkFormats } from "../../formats/check.js";
import { type Io, locate, printAll } from "../../io.js";
import { appendSummary } from "../../step-summary.js";
import { readReport } from "../../stored-report.js";
import { printReport } from "./files.js";
import type { SurviveOptions } from "./options.js";

/** Exit code of a run outside its budgets. */
const BREACHED = 1;

/** Holds a report against budgets, says how it does, and gives the exit code. */
export type Gate = (report: Report | StudyReport) => Promise<number>;

/** The gate of the options, null if they ask for none. Read before the run, so that a mistake in it does not cost one. */
export async function gateOf(
  io: Io,
  kind: "experiment" | "study",
  { check, baseline, format }: Pick<SurviveOptions, "check" | "baseline" | "format">,
): Promise<Gate | null> {
  if (check === undefined) {
    if (baseline === undefined) return null;
    throw new TypeError("--baseline: expected --check FILE with it, got none");
  }
  const { checkReport, parseBudgets } = await import("@verdigris/survival");
  const value = await readJsonFile(locate(io, check));
  const budgets = inFile(locate(io, check), () => parseBudgets(value));
  const before = baseline === undefined ? null : await readBaseline(locate(io, baseline), kind);
  return async (report) => {
    const checks: readonly Check[] = checkReport(report, budgets, before);
    await printAll(io, checkFormats[format](checks));
    await appendSummary(io, checkFormats.md(checks));
    return checks.every(({ holds }) => holds) ? 0 : BREACHED;
  };
}

async function readBaseline(
  path: string,
  kind: "experiment" | "study",
): Promise<Report | StudyReport> {
  const report = await readReport(path);
  if ("kind" in report === (kind === "study")) return report;
  throw new RangeError(`--baseline: expected the report of an earlier ${kind}, got ${path}`);
}

/** Prints a report and holds it against the gate, if there is one. The value is the exit code. */
export async function conclude(
  io: Io,
  report: Report | StudyReport,
  { gate, format }: { readonly gate: Gate | null } & Pick<SurviveOptions, "format">,
): Promise<number> {
  // What a program reads is the check, if there is one.
  if (gate === null || format === "text") await printReport(io, report, format);
  return (await gate?.(report)) ?? 0;
}
