import { join } from "node:path";
import type { Report, RunOptions } from "@verdigris/survival";
import { inFile, writeWhole } from "@verdigris/text";
import { type Io, locate } from "../../io.js";
import { startProgress } from "../../progress.js";
import { type ConfigFile, writeReport } from "./files.js";
import { conclude, gateOf } from "./gate.js";
import { loadMaterialOf } from "./material.js";
import type { SurviveOptions } from "./options.js";

/** Runs an experiment: one key, on a recorded corpus. The value is the exit code. @throws RangeError for an option that only a study takes */
export async function runExperimentFile(
  io: Io,
  file: ConfigFile,
  options: SurviveOptions,
): Promise<number> {
  if (options.shard !== undefined || options.workers !== 1 || options.queue === true)
    throw new RangeError(
      `--shard, --workers and --queue: expected a study, got the experiment ${file.path}; see \`verdigris schema study\``,
    );
  const gate = await gateOf(io, "experiment", options);
  const report = await run(io, file, options);
  return conclude(io, report, { gate, format: options.format });
}

async function run(io: Io, { path, value }: ConfigFile, options: SurviveOptions): Promise<Report> {
  const { directoryStore, parseExperiment, runExperiment } = await import("@verdigris/survival");
  const directory = locate(io, options.out);
  const experiment = inFile(path, () => parseExperiment(value));
  const material = await loadMaterialOf(io, experiment, path);
  const progress = startProgress(io);
  const onForecasts: RunOptions["onForecasts"] = (forecasts) =>
    writeWhole(
      join(directory, "forecasts.json"),
      `${JSON.stringify({ version: 1, forecasts }, null, 2)}\n`,
    );
  let report: Report;
  try {
    const cache =
      options.cache === undefined ? join(directory, "cache") : locate(io, options.cache);
    report = await runExperiment(experiment, material, {
      store: directoryStore(cache),
      onForecasts,
      onProgress: progress.update,
    });
  } finally {
    progress.stop();
  }
  await writeReport(io, report, directory);
  return report;
}
