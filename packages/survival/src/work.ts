import type { Kernel } from "@verdigris/core";
import { type ForecastCell, runCell, runUntrained } from "./cell.js";
import type { Run } from "./config.js";
import { copierControl, teacherControl } from "./controls.js";
import type { MarkedArm } from "./corpus.js";
import {
  type Cell,
  type Controls,
  type CopierControl,
  type TeacherControl,
  type UntrainedControl,
  type WrongKeysControl,
  nonEmpty,
} from "./report.js";
import type { Store } from "./store.js";
import type { Apprenticeship } from "./students/index.js";

/** What an experiment tells while it runs. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly label: string;
}

/** One arm with one kind of student. */
export interface Pairing {
  readonly run: Run;
  readonly arm: MarkedArm;
  readonly apprenticeship: Apprenticeship;
  readonly cells: readonly ForecastCell[];
}

/** Surroundings of the work. */
export interface WorkOptions {
  readonly store: Store;
  readonly kernel: Kernel;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  readonly inputs: unknown;
}

/** Results of one pairing. */
interface PairingResult {
  readonly cells: readonly Cell[];
  readonly untrained: UntrainedControl;
  readonly wrongKeys: WrongKeysControl;
  readonly teacher: TeacherControl;
  readonly copier: CopierControl;
}

/** The steps of a run, each resolved through the store and counted. */
export class Work {
  readonly #pairings: readonly Pairing[];
  readonly #options: WorkOptions;
  readonly #total: number;
  #done = 0;

  constructor(pairings: readonly Pairing[], options: WorkOptions) {
    this.#pairings = pairings;
    this.#options = options;
    const cells = pairings.reduce((sum, pairing) => sum + pairing.cells.length, 0);
    this.#total = cells + 3 * pairings.length;
  }

  async run(): Promise<readonly PairingResult[]> {
    const out: PairingResult[] = [];
    for (const [index, pairing] of this.#pairings.entries()) {
      out.push(await this.#pairing(pairing, index));
    }
    return out;
  }

  async #pairing(
    { arm, run, apprenticeship, cells }: Pairing,
    index: number,
  ): Promise<PairingResult> {
    const { kernel } = this.#options;
    const served = run.served === 0 ? "" : `, served >= ${run.served}`;
    const name = `${apprenticeship.kind} student, h = ${arm.profile.h}${served}`;
    const step = <T>(what: string, compute: () => Promise<T>): Promise<T> =>
      this.#step({ label: `${name}: ${what}`, index }, compute);
    const results: Cell[] = [];
    for (const cell of cells) {
      results.push(await step(`rho = ${cell.plan.rho}`, () => runCell(cell, kernel)));
    }
    const { profile, h, student, decoys } = results[results.length - 1];
    const { seed, excess } = cells[0].plan;
    return {
      cells: results,
      wrongKeys: { profile, h, student, decoys },
      untrained: await step("untrained", () => runUntrained(cells[0])),
      copier: await step("copier", () => copierControl(arm, { apprenticeship, kernel, seed })),
      teacher: await step("teacher", async () => teacherControl(arm, { kernel, excess })),
    };
  }

  /** `index` tells apart pairings that differ only in settings their label does not show. */
  async #step<T>(
    { label, index }: { readonly label: string; readonly index: number },
    compute: () => Promise<T>,
  ): Promise<T> {
    const { store, inputs, onProgress } = this.#options;
    onProgress?.({ done: this.#done, total: this.#total, label });
    const result = await store.resolve({ inputs, index, label }, compute);
    this.#done++;
    onProgress?.({ done: this.#done, total: this.#total, label });
    return result;
  }
}

/** The controls of all pairings, as a report needs them. */
export function controlsOf(results: readonly PairingResult[]): Controls {
  const unmarked = results.flatMap(({ cells }) => cells.filter((cell) => cell.rho === 0));
  return {
    unmarkedTeacher: nonEmpty("unmarkedTeacher", unmarked),
    untrained: nonEmpty(
      "untrained",
      results.map((result) => result.untrained),
    ),
    wrongKeys: nonEmpty(
      "wrongKeys",
      results.map((result) => result.wrongKeys),
    ),
    teacher: nonEmpty(
      "teacher",
      results.map((result) => result.teacher),
    ),
    copier: nonEmpty(
      "copier",
      results.map((result) => result.copier),
    ),
  };
}
