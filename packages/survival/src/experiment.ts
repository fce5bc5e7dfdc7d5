import { type Kernel, createKernel } from "@verdigris/core";
import { NULL_HYPOTHESIS, WHAT_A_REJECTION_SAYS } from "@verdigris/detector";
import { type CellPlan, type ForecastCell, forecastCell, runCell, runUntrained } from "./cell.js";
import type { Experiment, Run } from "./config.js";
import { copierControl, teacherControl } from "./controls.js";
import type { Text } from "./corpus.js";
import type { MarkedArm, Material } from "./material.js";
import { randomStream, shuffled } from "./random.js";
import { type Cell, type Controls, type Report, type UntrainedControl, nonEmpty } from "./report.js";
import { type Store, digestOf, noStore } from "./store.js";
import { type Apprenticeship, apprentice } from "./students/index.js";

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
export async function runExperiment(experiment: Experiment, material: Material, options: RunOptions = {}): Promise<Report> {
  const kernel = options.kernel ?? createKernel();
  const inputs = { experiment, material: material.digest };
  const pairings = plan(experiment, material, kernel);
  const records = pairings.flatMap((pairing) => pairing.cells.map(record));
  await options.onForecasts?.(records);
  const work = new Work(pairings, { store: options.store ?? noStore, kernel, onProgress: options.onProgress, inputs });
  const cells = await work.cells();
  return {
    version: 1,
    name: experiment.name,
    alpha: experiment.alpha,
    digest: digestOf(inputs),
    forecastDigest: digestOf(records),
    nullHypothesis: NULL_HYPOTHESIS,
    notice: WHAT_A_REJECTION_SAYS,
    cells: nonEmpty("cells", cells),
    controls: await work.controls(cells),
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
      const common = { arm, tokens, seed, alpha, audit, apprenticeship, served: run.served, ...split };
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
function splitUnmarked(texts: readonly Text[], share: number, seed: number): { filler: readonly Text[]; heldOut: readonly Text[] } {
  const order = shuffled(texts, randomStream(seed, "held out"));
  const cut = Math.round(share * order.length);
  return { heldOut: order.slice(0, cut), filler: order.slice(cut) };
}

function record({ plan: { arm, rho, tokens, apprenticeship }, scheme, forecast }: ForecastCell): ForecastRecord {
  return { profile: arm.profile.id, h: scheme.h, rho, student: apprenticeship.kind, tokens, forecast };
}

interface WorkOptions {
  readonly store: Store;
  readonly kernel: Kernel;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  readonly inputs: unknown;
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

  async cells(): Promise<Cell[]> {
    const out: Cell[] = [];
    for (const cell of this.#pairings.flatMap((pairing) => pairing.cells)) {
      const { arm, rho, apprenticeship } = cell.plan;
      const label = `${apprenticeship.kind} student, h = ${arm.profile.h}, rho = ${rho}`;
      out.push(await this.#step(label, () => runCell(cell, this.#options.kernel)));
    }
    return out;
  }

  async controls(cells: readonly Cell[]): Promise<Controls> {
    const { kernel } = this.#options;
    const untrained: UntrainedControl[] = [];
    const teacher: Controls["teacher"][number][] = [];
    const copier: Controls["copier"][number][] = [];
    const wrongKeys: Controls["wrongKeys"][number][] = [];
    for (const { arm, apprenticeship, cells: planned } of this.#pairings) {
      const name = `${apprenticeship.kind} student, h = ${arm.profile.h}`;
      const { seed } = planned[0].plan;
      untrained.push(await this.#step(`${name}: untrained`, () => runUntrained(planned[0])));
      copier.push(await this.#step(`${name}: copier`, () => copierControl(arm, { apprenticeship, kernel, seed })));
      teacher.push(await this.#step(`${name}: teacher`, async () => teacherControl(arm, kernel)));
      const own = cells.filter((cell) => cell.profile === arm.profile.id && cell.student === apprenticeship.kind);
      const most = own[own.length - 1];
      wrongKeys.push({ profile: most.profile, h: most.h, student: most.student, decoys: most.decoys });
    }
    return {
      unmarkedTeacher: nonEmpty("unmarkedTeacher", cells.filter((cell) => cell.rho === 0)),
      untrained: nonEmpty("untrained", untrained),
      wrongKeys: nonEmpty("wrongKeys", wrongKeys),
      teacher: nonEmpty("teacher", teacher),
      copier: nonEmpty("copier", copier),
    };
  }

  async #step<T>(label: string, compute: () => Promise<T>): Promise<T> {
    const { store, inputs, onProgress } = this.#options;
    onProgress?.({ done: this.#done, total: this.#total, label });
    const result = await store.resolve({ inputs, label }, compute);
    this.#done++;
    onProgress?.({ done: this.#done, total: this.#total, label });
    return result;
  }
}
