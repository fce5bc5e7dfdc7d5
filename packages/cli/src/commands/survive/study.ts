import { dirname, join } from "node:path";
import { type Io, locate, tell } from "../../io.js";
import { startProgress } from "../../progress.js";
import { type ConfigFile, loadMaterialOf, printReport, writeReport } from "./files.js";
import type { SurviveOptions } from "./options.js";
import { queuePlace } from "./queue.js";

/** Name of a shard's file in its folder. */
export const SHARD_FILE = "shard.json";

/** Runs a study, or a shard of it. */
export async function runStudyFile(
  io: Io,
  { path, value }: ConfigFile,
  options: SurviveOptions,
): Promise<void> {
  if (options.check !== undefined || options.baseline !== undefined)
    throw new RangeError(`--check and --baseline: expected an experiment, got the study ${path}`);
  const { parseStudy, runShard, runStudy, writeWhole } = await import("@verdigris/survival");
  const study = parseStudy(value);
  const material = await loadMaterialOf(study, dirname(path));
  const directory = locate(io, options.out);
  const progress = startProgress(io);
  const place = {
    directory: options.cache === undefined ? join(directory, "cache") : locate(io, options.cache),
    workers: options.workers,
    ...(options.queue === true && { queue: queuePlace(io) }),
    onProgress: progress.update,
    onCorrupt: (entry: string) =>
      tell(io, `warning: ${entry} is not what was written there; it is computed again`),
  };
  const { shard } = options;
  try {
    if (shard === undefined) {
      const report = await runStudy(study, material, place);
      progress.stop();
      await writeReport(io, report, directory);
      return await printReport(io, report, options.format);
    }
    const part = await runShard(study, material, { ...place, shard });
    await writeWhole(join(directory, SHARD_FILE), `${JSON.stringify(part)}\n`);
    tell(io, `wrote ${SHARD_FILE}, part ${shard.index} of ${shard.count}, in ${directory}`);
  } finally {
    progress.stop();
  }
}
