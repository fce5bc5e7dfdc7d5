import { dirname, join, resolve } from "node:path";
import type { Experiment, Material, Report, RunOptions } from "@verdigris/survival";
import { Command } from "commander";
import { readJsonFile } from "../files.js";
import { type Io, locate, print, tell } from "../io.js";
import { formatOption } from "../options.js";
import { startProgress } from "../progress.js";

interface SurviveOptions {
  readonly config: string;
  readonly out: string;
  readonly format: "text" | "json";
}

/** `verdigris survive`: measures whether a mark survives distillation. */
export function surviveCommand(io: Io): Command {
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
    .addOption(formatOption(["text", "json"]))
    .action((options: SurviveOptions) => survive(io, options));
}

async function survive(io: Io, { config, out, format }: SurviveOptions): Promise<void> {
  const { directoryStore, parseExperiment, renderJson, renderText, runExperiment, writeWhole } =
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
  await print(io, format === "json" ? renderJson(report) : renderText(report));
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
