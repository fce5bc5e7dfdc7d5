/** Who does the steps of a study: this thread, or others. The results are the same. */
import type { Material } from "../material.js";
import { type DirectoryOptions, directoryStore } from "../store.js";
import { Bench } from "./bench.js";
import { runStudent } from "./cell.js";
import type { Study } from "./config.js";
import type { LessonOrder } from "./orders.js";
import { type PortableMaterial, portable } from "./material.js";
import type { PlannedRun } from "./plan.js";
import type { StudentRun } from "./result.js";

/** Does steps of one study. What it does is stored in the study's directory. */
export interface Crew {
  /** Steps that it pays to ask for at a time. */
  readonly atOnce: number;
  /** Has texts written, for the runs that will read them; null where each run writes its own. */
  readonly write: ((order: LessonOrder) => Promise<void>) | null;
  /** The result of a run: forecast, stored; then trained, attacked, audited, stored. */
  run(run: PlannedRun): Promise<StudentRun>;
  close(): Promise<void>;
}

/** What a crew is given. */
export interface CrewOptions extends DirectoryOptions {
  readonly directory: string;
}

/** What a worker thread is given. */
export interface ThreadOptions {
  readonly study: Study;
  readonly material: PortableMaterial;
  readonly directory: string;
}

/** A step for a worker thread. */
export type Step =
  | { readonly kind: "write"; readonly order: LessonOrder }
  | { readonly kind: "run"; readonly run: PlannedRun };

/** What a worker thread answers. */
export interface StepResult {
  /** Null for texts, which are read where they are stored. */
  readonly result: StudentRun | null;
  /** Entries of the directory that were found altered. */
  readonly corrupt: readonly string[];
}

/** This thread. */
export function soloCrew(study: Study, material: Material, options: CrewOptions): Crew {
  const bench = new Bench(study, material, options);
  const store = directoryStore(options.directory, options);
  return {
    atOnce: 1,
    async write(order): Promise<void> {
      await bench.lesson(order);
    },
    run: (run) =>
      store.resolve(run.inputs, async () => {
        const result = await runStudent(run.order, bench, async (forecast) => {
          await store.resolve({ forecast: run.id }, async () => forecast);
        });
        // As it will be read back, so that a stored result and a new one are the same.
        return JSON.parse(JSON.stringify(result)) as StudentRun;
      }),
    close: () => bench.close(),
  };
}

/** `workers` threads of this process, each with a copy of the material. */
export async function threadCrew(
  study: Study,
  material: Material,
  { directory, onCorrupt, workers }: CrewOptions & { readonly workers: number },
): Promise<Crew> {
  const { Tinypool } = await import("tinypool");
  const workerData: ThreadOptions = { study, material: portable(material), directory };
  const pool = new Tinypool({
    // Built, also when this file is run from its source.
    filename: new URL("../../dist/lab/thread.js", import.meta.url).href,
    name: "step",
    workerData,
    // The process's own flags may be for its entry point only.
    execArgv: [],
    minThreads: workers,
    maxThreads: workers,
  });
  const broken = new Promise<never>((_, reject) => pool.on("error", reject));
  broken.catch(() => {});
  async function step(task: Step): Promise<StudentRun | null> {
    const { result, corrupt } = (await Promise.race([pool.run(task), broken])) as StepResult;
    for (const path of corrupt) onCorrupt?.(path);
    return result;
  }
  return {
    atOnce: workers,
    async write(order): Promise<void> {
      await step({ kind: "write", order });
    },
    run: async (run) => (await step({ kind: "run", run })) as StudentRun,
    close: () => pool.destroy(),
  };
}
