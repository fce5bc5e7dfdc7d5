import { join } from "node:path";
import { readJsonFile } from "../../files.js";
import { type Io, locate } from "../../io.js";
import { printReport, writeReport } from "./files.js";
import { SHARD_FILE } from "./study.js";

/** Makes the report of a study from the folders of its shards. */
export async function mergeStudy(
  io: Io,
  directories: readonly string[],
  options: { readonly out: string; readonly format: "text" | "json" },
): Promise<void> {
  const { mergeShards, parseShard } = await import("@verdigris/survival");
  const shards = await Promise.all(
    directories.map(async (directory) => {
      const path = join(locate(io, directory), SHARD_FILE);
      return parseShard(await readJsonFile(path), path);
    }),
  );
  const report = mergeShards(shards);
  await writeReport(io, report, locate(io, options.out));
  await printReport(io, report, options.format);
}
