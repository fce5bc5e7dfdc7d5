import { dirname, join, resolve } from "node:path";
import type { Check, Experiment, Material, Report, RunOptions } from "@verdigris/survival";
import { Command } from "commander";
import { readJsonFile } from "../files.js";
import { checkFormats } from "../formats/check.js";
import { type Io, locate, print, printAll, tell } from "../io.js";
import { formatOption } from "../options.js";
import { startProgress } from "../progress.js";
import { appendSummary } from "../step-summary.js";
import { readReport } from "../stored-report.js";

interface SurviveOptions {
  readonly config: string;
  readonly out: string;
  readonly format: "text" | "json";
  readonly check?: string;
  readonly baseline?: string;
}

/** Exit code of a run outside its budgets. */
const BREACHED = 1;

/** `verdigris survive`: measures whether a mark survives distillation. */
export function surviveCommand(io: Io, finish: (exitCode: number) => void): Command {
  return new Command("survive")
    .description(
      "measure whether a mark survives distillation into a student; a run that was interrupted resumes",
    )
    .requiredOption("--config <file>", "experiment (JSON); its paths are relative to it")
    .option(
      "--out <dir>",
      "where the report, the forecasts and finished cells go",
      "verdigris-report",
    )
    .option(
      "--check <file>",
      "budgets (JSON) that the run must keep: power, false alarms, forecast error",
    )
    .option(
      "--baseline <file>",
      "with --check: report.json of an earlier run, whose excess must not be undercut",
    )
    .addOption(formatOption(["text", "json"]))
    .addHelpText(
      "after",
      "\nExit codes: 0 done and within budgets, 1 outside of one, 2 usage or input.",
    )
    .action(async (options: SurviveOptions) => {
      finish(await survive(io, options));
    });
}

async function survive(io: Io, options: SurviveOptions): Promise<number> {
  const { renderJson, renderText } = await import("@verdigris/survival");
  const gate = await gateOf(io, options);
  const report = await run(io, options);
  const checks = gate?.(report) ?? null;
  if (options.format === "text") await print(io, renderText(report));
  if (checks === null) {
    if (options.format === "json") await print(io, renderJson(report));
    return 0;
  }
  await printAll(io, checkFormats[options.format](checks));
  await appendSummary(io, checkFormats.md(checks));
  return checks.every(({ holds }) => holds) ? 0 : BREACHED;
}

/** Reads budgets and baseline, so that a mistake in them does not cost a run. */
async function gateOf(
  io: Io,
  { check, baseline }: SurviveOptions,
): Promise<((report: Report) => readonly Check[]) | null> {
  if (check === undefined) {
    if (baseline === undefined) return null;
    throw new TypeError("--baseline: expected --check FILE with it, got none");
  }
  const { checkReport, parseBudgets } = await import("@verdigris/survival");
  const budgets = parseBudgets(await readJsonFile(locate(io, check)));
  const before = baseline === undefined ? null : await readReport(locate(io, baseline));
  return (report) => checkReport(report, budgets, before);
}

async function run(io: Io, { config, out }: SurviveOptions): Promise<Report> {
  const { directoryStore, parseExperiment, runExperiment, writeWhole } =
    await import("@verdigris/survival");
  const path = locate(io, config);
  const directory = locate(io, out);
  const experiment = parseExperiment(await readJsonFile(path));
  const material = await materialOf(experiment, dirname(path));
  const progress = startProgress(io);
  const onForecasts: RunOptions["onForecasts"] = (forecasts) =>
    writeWhole(
      join(directory, "forecasts.json"),
      `${JSON.stringify({ version: 1, forecasts }, null, 2)}\n`,
    );
  let report: Report;
  try {
    const store = directoryStore(join(directory, "cache"));
    report = await runExperiment(experiment, material, {
      store,
      onForecasts,
      onProgress: progress.update,
    });
  } finally {
    progress.stop();
  }
  await writeReport(io, report, directory);
  return report;
}

async function materialOf(experiment: Experiment, directory: string): Promise<Material> {
  const { loadMaterial } = await import("@verdigris/survival");
  const { manifest, human, humanTokensPerFile } = experiment.material;
  const files = human.map((file) => resolve(directory, file));
  return loadMaterial(resolve(directory, manifest), { files, tokensPerFile: humanTokensPerFile });
}

async function writeReport(io: Io, report: Report, directory: string): Promise<void> {
  const { renderHtml, renderJson, renderMarkdown, writeWhole } =
    await import("@verdigris/survival");
  await writeWhole(join(directory, "report.json"), renderJson(report));
  await writeWhole(join(directory, "report.md"), renderMarkdown(report));
  await writeWhole(join(directory, "report.html"), renderHtml(report));
  tell(io, `wrote report.json, report.md, report.html and forecasts.json in ${directory}`);
}
