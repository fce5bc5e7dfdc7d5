import { join } from "node:path";
import { inFile, writeWhole } from "@verdigris/text";
import { type Io, locate, tell } from "../../io.js";
import { startProgress } from "../../progress.js";
import { type ConfigFile, writeReport } from "./files.js";
import { conclude, gateOf } from "./gate.js";
import { loadMaterialOf } from "./material.js";
import type { SurviveOptions } from "./options.js";
import { queuePlace } from "./queue.js";

/** Name of a shard's file in its folder. */
export const SHARD_FILE = "shard.json";

/** Runs a study, or a shard of it. The value is the exit code. @throws TypeError for a check of a shard */
export async function runStudyFile(
  io: Io,
  { path, value }: ConfigFile,
  options: SurviveOptions,
): Promise<number> {
  const { shard } = options;
  const isChecked = options.check !== undefined || options.baseline !== undefined;
  if (isChecked && shard !== undefined)
    throw new TypeError(
      "--check and --baseline: expected a whole study, got --shard; give them to `survive merge`",
    );
  const gate = await gateOf(io, "study", options);
  const { parseStudy, runShard, runStudy } = await import("@verdigris/survival");
  const study = inFile(path, () => parseStudy(value));
  const material = await loadMaterialOf(io, study, path);
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
  try {
    if (shard === undefined) {
      const report = await runStudy(study, material, place);
      progress.stop();
      await writeReport(io, report, directory);
      return await conclude(io, report, { gate, format: options.format });
    }
    const part = await runShard(study, material, { ...place, shard });
    await writeWhole(join(directory, SHARD_FILE), `${JSON.stringify(part)}\n`);
    tell(io, `wrote ${SHARD_FILE}, part ${shard.index} of ${shard.count}, in ${directory}`);
    return 0;
  } finally {
    progress.stop();
  }
}
