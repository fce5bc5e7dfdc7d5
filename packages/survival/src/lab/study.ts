/** Runs a study, or a shard of it: every run that is not stored yet, here or in worker threads. */
import { VerdigrisError } from "@verdigris/core";
import type { Material } from "../material.js";
import { mapInParallel } from "../parallel.js";
import { type DirectoryOptions, type Store, canonicalJson, directoryStore } from "../store.js";
import type { Progress } from "../work.js";
import type { Study } from "./config.js";
import { type Crew, soloCrew, threadCrew } from "./crew.js";
import { requireFeasible } from "./feasible.js";
import { changesText } from "./grid.js";
import { folded } from "./material.js";
import type { LessonOrder } from "./orders.js";
import { type PlannedRun, type StudyPlan, planOf } from "./plan.js";
import { type QueuePlace, type WorkOptions, queueCrew, workQueue } from "./queue.js";
import type { StudyReport } from "./report.js";
import type { StudentRun } from "./result.js";
import { studentTraits } from "../students/index.js";
import { requireServers } from "./served-lessons.js";
import { type Shard, type ShardName, runsOfShard, shardOf } from "./shard.js";
import { reportOf } from "./summary.js";
import { lessonsOf } from "./texts.js";

/** Where and how a study runs; none of it changes the result. */
export interface StudyOptions extends DirectoryOptions {
  /** Keeps texts, forecasts and results; may be shared by studies, threads and processes. */
  readonly directory: string;
  /** Threads; 1, the default, is this one. */
  readonly workers?: number;
  /** Has the students trained by the workers of a queue instead. */
  readonly queue?: QueuePlace;
  /** Told of each step that is done; those that were stored count as done from the first on. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Runs a study and reports. The same study and material give the same report, byte for byte. */
export async function runStudy(
  study: Study,
  material: Material,
  options: StudyOptions,
): Promise<StudyReport> {
  const place = placeOf(study, material);
  return reportOf(place.plan, await resultsOf(place.plan.runs, place, options));
}

/** Runs one of n parts of a study; `mergeShards` makes the report of all of them. */
export async function runShard(
  study: Study,
  material: Material,
  options: StudyOptions & { readonly shard: ShardName },
): Promise<Shard> {
  const place = placeOf(study, material);
  const runs = runsOfShard(place.plan, options.shard);
  const results = await resultsOf(runs, place, options);
  return shardOf(place.plan, options.shard, results);
}

/** Does the students of a study that a coordinator sent to a queue, until told to stop. */
export async function workOnStudy(
  study: Study,
  material: Material,
  options: Pick<StudyOptions, "directory" | "onCorrupt"> & WorkOptions,
): Promise<void> {
  const place = placeOf(study, material);
  // A job that fails for want of either fails the study, after three trials.
  const { runs } = place.plan;
  await requireReady(runs, distinctLessons(runs, place), { ...options, material: place.material });
  const crew = soloCrew(study, place.material, options);
  try {
    await workQueue(place.plan, crew, options);
  } finally {
    await crew.close();
  }
}

interface Place {
  readonly plan: StudyPlan;
  readonly material: Material;
}

/**
 * What a study will do, and the material it uses: as given, or with its vocabulary folded.
 * @throws VerdigrisError CONFIG_INVALID for what cannot be done
 */
function placeOf(study: Study, given: Material): Place {
  const { vocabulary } = study.material;
  if (vocabulary !== null && vocabulary > given.vocabularySize)
    throw new VerdigrisError(
      "CONFIG_INVALID",
      `study.material.vocabulary: expected at most the material's ${given.vocabularySize}, got ${vocabulary}`,
    );
  const material = vocabulary === null ? given : folded(given, vocabulary);
  const plan = planOf(study, material);
  requireFeasible(plan, material);
  return { plan, material };
}

async function resultsOf(
  runs: readonly PlannedRun[],
  place: Place,
  given: StudyOptions,
): Promise<ReadonlyMap<string, StudentRun>> {
  // An entry is looked for here and again by who computes it: told of once.
  const told = new Set<string>();
  const onCorrupt = (path: string): void => {
    if (!told.has(path)) given.onCorrupt?.(path);
    told.add(path);
  };
  const options = { ...given, onCorrupt };
  const store = directoryStore(options.directory, options);
  const results = new Map<string, StudentRun>();
  const due: PlannedRun[] = [];
  for (const run of runs) {
    const stored = await store.find<StudentRun>(run.inputs);
    if (stored === null) due.push(run);
    else results.set(run.id, stored);
  }
  if (due.length === 0) return results;
  const crew = await crewOf(place, store, options);
  try {
    await work({ crew, place, due, results, options });
  } finally {
    await crew.close();
  }
  return results;
}

async function crewOf(
  { plan, material }: Place,
  store: Store,
  options: StudyOptions,
): Promise<Crew> {
  const { queue, workers = 1 } = options;
  if (queue !== undefined) return queueCrew(plan, store, queue);
  if (workers === 1) return soloCrew(plan.study, material, options);
  return threadCrew(plan.study, material, { ...options, workers });
}

interface Work {
  readonly crew: Crew;
  readonly place: Place;
  readonly due: readonly PlannedRun[];
  readonly results: Map<string, StudentRun>;
  readonly options: StudyOptions;
}

/** Texts first, so that no two threads write the same; then the students. */
async function work({ crew, place, due, results, options }: Work): Promise<void> {
  const { write } = crew;
  const lessons = write === null ? [] : distinctLessons(due, place);
  if (write !== null) await requireReady(due, lessons, { ...options, material: place.material });
  let done = results.size;
  const total = done + lessons.length + due.length;
  const tell = (label: string): void => options.onProgress?.({ done, total, label });
  tell(`${lessons.length} texts to write, ${due.length} students to train`);
  const each = async <T>(
    items: readonly T[],
    label: (item: T) => string,
    one: (item: T) => Promise<void>,
  ): Promise<void> => {
    await mapInParallel(items, crew.atOnce, async (item) => {
      await one(item);
      done++;
      tell(label(item));
    });
  };
  await each(
    lessons,
    ({ purpose, key, seed }) => `${purpose} text, key ${key}, seed ${seed}`,
    async (order) => write?.(order),
  );
  await each(due, labelOf, async (run) => void results.set(run.id, await crew.run(run)));
}

/** What runs read, each once. */
function distinctLessons(
  runs: readonly PlannedRun[],
  { plan: { study }, material }: Place,
): readonly LessonOrder[] {
  const orders = runs.flatMap(({ order }) => lessonsOf(order, { study, material }));
  return [...new Map(orders.map((order) => [canonicalJson(order), order])).values()];
}

/** What students are trained with, and servers that have something to write. @throws VerdigrisError PEER_MISSING, ENDPOINT_FAILED */
async function requireReady(
  runs: readonly PlannedRun[],
  lessons: readonly LessonOrder[],
  { material, directory }: Pick<StudyOptions, "directory"> & { readonly material: Material },
): Promise<void> {
  for (const { order } of runs) await studentTraits(order.setting.student).load?.();
  await requireServers(lessons, material, { directory });
}

function labelOf({ cell, order }: PlannedRun): string {
  return `${changesText(cell.changes) || "default"}, key ${order.key}, seed ${order.seed}`;
}
