/** Parts of a study that run apart, on machines that share nothing, and become one report. */
import { VerdigrisError, parseWith } from "@verdigris/core";
import * as z from "zod";
import { digestOf } from "../store.js";
import { type Study, studySchema } from "./config.js";
import { type PlannedRun, type StudyPlan, planOf } from "./plan.js";
import type { StudyReport } from "./report.js";
import type { StudentRun } from "./result.js";
import { reportOf } from "./summary.js";

/** The index-th of `count` parts, counted from 1. */
export interface ShardName {
  readonly index: number;
  readonly count: number;
}

/** What a shard found, with all that the report needs. */
export interface Shard {
  readonly version: 1;
  readonly kind: "study-shard";
  /** Digest of the rest. */
  readonly contents: string;
  /** Digest of configuration and material: shards of one study have the same. */
  readonly digest: string;
  readonly shard: ShardName;
  readonly study: Study;
  /** Digest of the material. */
  readonly material: string;
  readonly runs: readonly { readonly id: string; readonly result: StudentRun }[];
}

const shardSchema = z.strictObject({
  version: z.literal(1),
  kind: z.literal("study-shard"),
  contents: z.string(),
  digest: z.string(),
  shard: z.strictObject({ index: z.int().min(1), count: z.int().min(1) }),
  study: studySchema,
  material: z.string(),
  runs: z.array(z.strictObject({ id: z.string(), result: z.unknown() })),
});

/** A stretch of the plan's runs, so that runs that read the same texts stay together. @throws RangeError for no such shard */
export function runsOfShard(plan: StudyPlan, { index, count }: ShardName): readonly PlannedRun[] {
  if (!(Number.isInteger(index) && index >= 1 && index <= count))
    throw new RangeError(`shard: expected 1/${count} to ${count}/${count}, got ${index}/${count}`);
  const { length } = plan.runs;
  const bound = (part: number): number => Math.round((part * length) / count);
  return plan.runs.slice(bound(index - 1), bound(index));
}

/** What a shard's runs found. */
export function shardOf(
  plan: StudyPlan,
  shard: ShardName,
  results: ReadonlyMap<string, StudentRun>,
): Shard {
  const rest = {
    version: 1,
    kind: "study-shard",
    digest: plan.digest,
    shard,
    study: plan.study,
    material: plan.material,
    runs: runsOfShard(plan, shard).map(({ id }) => ({ id, result: resultOf(results, id) })),
  } as const;
  return { ...rest, contents: digestOf(rest) };
}

function resultOf(results: ReadonlyMap<string, StudentRun>, id: string): StudentRun {
  const result = results.get(id);
  if (result === undefined) throw new RangeError(`results: expected one of run ${id}, got none`);
  return result;
}

/** Reads a shard. @throws VerdigrisError FILE_INVALID for one that is malformed or was altered */
export function parseShard(value: unknown, name: string): Shard {
  const { contents, ...rest } = parseWith(shardSchema, value, { name, code: "FILE_INVALID" });
  if (contents !== digestOf(rest))
    throw new VerdigrisError(
      "FILE_INVALID",
      `${name}: is not what was written; run the shard again`,
    );
  // The digest vouches for the results.
  return { contents, ...rest } as Shard;
}

/**
 * The report of a whole study from its shards, byte for byte that of a run in one piece.
 * @throws RangeError for shards that are missing, there twice, or of another study
 */
export function mergeShards(shards: readonly Shard[]): StudyReport {
  const [first] = shards;
  if (first === undefined) throw new RangeError("shards: expected at least one, got none");
  const { count } = first.shard;
  for (const { digest, shard } of shards) {
    if (digest !== first.digest || shard.count !== count)
      throw new RangeError(
        `shards: expected all of study ${first.digest.slice(0, 12)} in ${count} parts, got part ${shard.index} of ${shard.count} of study ${digest.slice(0, 12)}`,
      );
  }
  const given = shards.map(({ shard }) => shard.index).toSorted((a, b) => a - b);
  const wanted = Array.from({ length: count }, (_, i) => i + 1);
  const missing = wanted.filter((index) => !given.includes(index));
  const twice = given.filter((index, i) => given[i - 1] === index);
  if (missing.length > 0 || twice.length > 0)
    throw new RangeError(`shards: expected each of 1 to ${count} once, got ${given.join(", ")}`);
  const plan = planOf(first.study, { digest: first.material });
  const own = new Map(shards.map((shard) => [shard.shard.index, shard]));
  const results = new Map<string, StudentRun>();
  for (const index of wanted) {
    const runs = own.get(index)?.runs ?? [];
    const expected = runsOfShard(plan, { index, count }).map(({ id }) => id);
    if (
      runs
        .map(({ id }) => id)
        .toSorted()
        .join() !== expected.toSorted().join()
    )
      throw new RangeError(
        `shards: expected the ${expected.length} runs of part ${index}, got other ones`,
      );
    for (const { id, result } of runs) results.set(id, result);
  }
  return reportOf(plan, results);
}
