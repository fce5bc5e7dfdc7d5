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

function named({ study, digest }: Shard): string {
  return `study ${study.name} (${digest.slice(0, 12)})`;
}

/**
 * The report of a whole study from its shards, byte for byte that of a run in one piece.
 * @throws RangeError for shards that are missing, there twice, or of another study
 */
export function mergeShards(shards: readonly Shard[]): StudyReport {
  const [first] = shards;
  if (first === undefined) throw new RangeError("shards: expected at least one, got none");
  requireWhole(first, shards);
  const plan = planOf(first.study, { digest: first.material });
  if (plan.digest !== first.digest)
    throw new RangeError(
      `shards: expected those of this version, got ${named(first)} of another one; run them again`,
    );
  const results = new Map<string, StudentRun>();
  for (const { shard, runs } of shards) {
    const expected = runsOfShard(plan, shard).map(({ id }) => id);
    const given = runs.map(({ id }) => id);
    if (given.toSorted().join() !== expected.toSorted().join())
      throw new RangeError(
        `shards: expected the ${expected.length} runs of part ${shard.index}, got other ones`,
      );
    for (const { id, result } of runs) results.set(id, result);
  }
  return reportOf(plan, results);
}

/** @throws RangeError unless all shards are of the first one's study, each part there once */
function requireWhole(first: Shard, shards: readonly Shard[]): void {
  const { count } = first.shard;
  for (const shard of shards) {
    if (shard.digest !== first.digest || shard.shard.count !== count)
      throw new RangeError(
        `shards: expected all of ${named(first)} in ${count} parts, got part ${shard.shard.index} of ${shard.shard.count} of ${named(shard)}${shard.digest === first.digest ? "" : ": configuration, material or version differ"}`,
      );
  }
  const given = shards.map(({ shard }) => shard.index).toSorted((a, b) => a - b);
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter(
    (index) => !given.includes(index),
  );
  if (missing.length === 0 && given.length === count) return;
  const lacks = missing.length === 0 ? "" : `; missing: ${missing.join(", ")}`;
  throw new RangeError(
    `shards: expected each of 1 to ${count} once, got ${given.join(", ")}${lacks}`,
  );
}
