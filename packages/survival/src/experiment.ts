import { type Kernel, createKernel } from "@verdigris/core";
import { NULL_HYPOTHESIS, WHAT_A_REJECTION_SAYS } from "@verdigris/detector";
import { type CellPlan, type ForecastCell, forecastCell, runCell, runUntrained } from "./cell.js";
import type { Experiment, Run } from "./config.js";
import { copierControl, teacherControl } from "./controls.js";
import type { Text } from "./corpus.js";
import type { MarkedArm, Material } from "./material.js";
import { randomStream, shuffled } from "./random.js";
import {
  type Cell,
  type Controls,
  type CopierControl,
  type Report,
  type TeacherControl,
  type UntrainedControl,
  type WrongKeysControl,
  nonEmpty,
} from "./report.js";
import { type Store, digestOf, noStore } from "./store.js";
import { type Apprenticeship, apprentice } from "./students/index.js";

/** Raised when the same inputs give other results, so that no stored one is taken for a new one. */
const RESULTS_VERSION = 1;

/** What an experiment tells while it runs. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly label: string;
}

/** Surroundings of a run; none changes the result. */
export interface RunOptions {
  readonly store?: Store;
  readonly kernel?: Kernel;
  readonly onProgress?: (progress: Progress) => void;
  /** Called once with all forecasts, before the first student is trained. */
  readonly onForecasts?: (forecasts: readonly ForecastRecord[]) => Promise<void>;
}

/** A forecast as it is written down before training. */
export interface ForecastRecord {
  readonly profile: string;
  readonly h: number;
  readonly rho: number;
  readonly student: string;
  readonly tokens: number;
  readonly forecast: ForecastCell["forecast"];
}

/** One arm with one kind of student. */
interface Pairing {
  readonly run: Run;
  readonly arm: MarkedArm;
  readonly apprenticeship: Apprenticeship;
  readonly cells: readonly ForecastCell[];
}

/**
 * Runs an experiment: forecasts every cell, hands the forecasts over, then trains and audits, with every control of
 * statistics.md 12. The same experiment and material give the same report.
 * @throws RangeError if the material lacks an arm or holds too little text
 */
export async function runExperiment(
  experiment: Experiment,
  material: Material,
  options: RunOptions = {},
): Promise<Report> {
  const kernel = options.kernel ?? createKernel();
  const inputs = { results: RESULTS_VERSION, experiment, material: material.digest };
  const pairings = plan(experiment, material, kernel);
  const records = pairings.flatMap((pairing) => pairing.cells.map(record));
  await options.onForecasts?.(records);
  const work = new Work(pairings, {
    store: options.store ?? noStore,
    kernel,
    onProgress: options.onProgress,
    inputs,
  });
  const results = await work.run();
  return {
    version: 1,
    name: experiment.name,
    alpha: experiment.alpha,
    digest: digestOf(inputs),
    forecastDigest: digestOf(records),
    nullHypothesis: NULL_HYPOTHESIS,
    notice: WHAT_A_REJECTION_SAYS,
    cells: nonEmpty(
      "cells",
      results.flatMap((result) => result.cells),
    ),
    controls: controlsOf(results),
  };
}

function plan(experiment: Experiment, material: Material, kernel: Kernel): readonly Pairing[] {
  const { seed, alpha, tokens, audit } = experiment;
  const split = splitUnmarked(material.unmarked, audit.heldOut, seed);
  return experiment.runs.flatMap((run) => {
    const apprenticeship = apprentice(run.student, material);
    const rhos = [...new Set([0, ...run.rho])].sort((a, b) => a - b);
    return run.h.map((h) => {
      const arm = armOf(material, h);
      const common = {
        arm,
        tokens,
        seed,
        alpha,
        audit,
        apprenticeship,
        served: run.served,
        ...split,
      };
      const cells = rhos.map((rho) => forecastCell({ ...common, rho } satisfies CellPlan, kernel));
      return { run, arm, apprenticeship, cells };
    });
  });
}

function armOf(material: Material, h: number): MarkedArm {
  const arm = material.arms.find((candidate) => candidate.profile.h === h);
  if (arm !== undefined) return arm;
  const known = material.arms.map((candidate) => candidate.profile.h).join(", ");
  throw new RangeError(`h: expected one that the material has (${known}), got ${h}`);
}

/** Unmarked texts are either filler for training or contexts for the audit, never both. */
function splitUnmarked(
  texts: readonly Text[],
  share: number,
  seed: number,
): { filler: readonly Text[]; heldOut: readonly Text[] } {
  const order = shuffled(texts, randomStream(seed, "held out"));
  const cut = Math.round(share * order.length);
  return { heldOut: order.slice(0, cut), filler: order.slice(cut) };
}

function record({
  plan: { arm, rho, tokens, apprenticeship },
  scheme,
  forecast,
}: ForecastCell): ForecastRecord {
  return {
    profile: arm.profile.id,
    h: scheme.h,
    rho,
    student: apprenticeship.kind,
    tokens,
    forecast,
  };
}

interface WorkOptions {
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
class Work {
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
    const { seed } = cells[0].plan;
    return {
      cells: results,
      wrongKeys: { profile, h, student, decoys },
      untrained: await step("untrained", () => runUntrained(cells[0])),
      copier: await step("copier", () => copierControl(arm, { apprenticeship, kernel, seed })),
      teacher: await step("teacher", async () => teacherControl(arm, kernel)),
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

function controlsOf(results: readonly PairingResult[]): Controls {
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
