/** Runs a study: every run that is not stored yet, here or in worker threads, then the report. */
import type { Material } from "../material.js";
import { type DirectoryOptions, type Store, directoryStore } from "../store.js";
import type { Progress } from "../work.js";
import { Bench } from "./bench.js";
import { runStudent } from "./cell.js";
import type { Study } from "./config.js";
import { folded } from "./material.js";
import { type PlannedRun, type StudyPlan, planOf } from "./plan.js";
import type { StudyReport } from "./report.js";
import type { StudentRun } from "./result.js";
import { reportOf } from "./summary.js";

/** Where and how a study runs; none of it changes the result. */
export interface StudyOptions extends DirectoryOptions {
  /** Keeps texts, forecasts and results; may be shared by studies, threads and processes. */
  readonly directory: string;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** The material a study uses: as given, or with its vocabulary folded. */
export function studyMaterial(study: Study, material: Material): Material {
  const { vocabulary } = study.material;
  return vocabulary === null ? material : folded(material, vocabulary);
}

/** Runs a study and reports. The same study and material give the same report, byte for byte. */
export async function runStudy(
  study: Study,
  material: Material,
  options: StudyOptions,
): Promise<StudyReport> {
  const own = studyMaterial(study, material);
  const plan = planOf(study, own);
  return reportOf(plan, await resultsOf(plan, own, options));
}

async function resultsOf(
  plan: StudyPlan,
  material: Material,
  options: StudyOptions,
): Promise<ReadonlyMap<string, StudentRun>> {
  const bench = new Bench(plan.study, material, options);
  const store = directoryStore(options.directory, options);
  const results = new Map<string, StudentRun>();
  const total = plan.runs.length;
  for (const run of plan.runs) {
    options.onProgress?.({ done: results.size, total, label: labelOf(run) });
    results.set(run.id, await resultOf(run, bench, store));
  }
  return results;
}

/** The result of one run, as stored or computed; its forecast is stored before the student is trained. */
export function resultOf(run: PlannedRun, bench: Bench, store: Store): Promise<StudentRun> {
  return store.resolve(run.inputs, async () => {
    const result = await runStudent(run.order, bench, async (forecast) => {
      await store.resolve({ forecast: run.id }, async () => forecast);
    });
    // As it will be read back, so that a stored result and a new one are the same.
    return JSON.parse(JSON.stringify(result)) as StudentRun;
  });
}

function labelOf({ cell, order }: PlannedRun): string {
  const changes = Object.entries(cell.changes).map(
    ([path, level]) => `${path} = ${JSON.stringify(level)}`,
  );
  return `${changes.join(", ") || "default"}, key ${order.key}, seed ${order.seed}`;
}
