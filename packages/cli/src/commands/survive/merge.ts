import { join } from "node:path";
import { readJsonFile } from "../../files.js";
import { type Io, locate } from "../../io.js";
import { writeReport } from "./files.js";
import { conclude, gateOf } from "./gate.js";
import type { SurviveOptions } from "./options.js";
import { SHARD_FILE } from "./study.js";

/** Makes the report of a study from the folders of its shards. The value is the exit code. */
export async function mergeStudy(
  io: Io,
  directories: readonly string[],
  options: Pick<SurviveOptions, "out" | "format" | "check" | "baseline">,
): Promise<number> {
  const gate = await gateOf(io, "study", options);
  const { mergeShards, parseShard } = await import("@verdigris/survival");
  const shards = await Promise.all(
    directories.map(async (directory) => {
      const path = join(locate(io, directory), SHARD_FILE);
      return parseShard(await readJsonFile(path), path);
    }),
  );
  const report = mergeShards(shards);
  await writeReport(io, report, locate(io, options.out));
  return conclude(io, report, { gate, format: options.format });
}
