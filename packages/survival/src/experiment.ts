import { VerdigrisError, type Kernel, bindScheme, createKernel } from "@verdigris/core";
import { NULL_HYPOTHESIS, WHAT_A_REJECTION_SAYS } from "@verdigris/detector";
import { type CellPlan, type ForecastCell, forecastCell } from "./cell.js";
import type { Experiment } from "./config.js";
import type { Text } from "./corpus.js";
import { teacherExcess } from "./law.js";
import type { MarkedArm } from "./corpus.js";
import type { Material } from "./material.js";
import { NEEDS } from "./needs.js";
import { randomStream, shuffled } from "./random.js";
import { type Report, nonEmpty } from "./report.js";
import { type Store, digestOf, noStore } from "./store.js";
import { apprentice, studentTraits } from "./students/index.js";
import { type Pairing, type Progress, Work, controlsOf } from "./work.js";

/** Raised when the same inputs give other results, so that no stored one is taken for a new one. */
const RESULTS_VERSION = 2;

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
  readonly served: number;
  readonly student: string;
  readonly tokens: number;
  readonly forecast: ForecastCell["forecast"];
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
  experiment.runs.forEach(({ student }, i) => {
    if (!studentTraits(student).needs.includes("targets")) return;
    throw new VerdigrisError(
      "CONFIG_INVALID",
      `config.runs.${i}.student: expected one that learns tokens, got one that needs ${NEEDS.targets}, which recorded texts do not carry; see studies`,
    );
  });
  return experiment.runs.flatMap((run) => {
    const apprenticeship = apprentice(run.student, material);
    const rhos = [...new Set([0, ...run.rho])].sort((a, b) => a - b);
    return run.h.map((h) => {
      const arm = armOf(material, h);
      const excess = teacherExcess(bindScheme(arm.profile, arm.key, kernel), arm.texts);
      const common = {
        excess,
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
  if (arm?.profile.embedding === "select") {
    throw new VerdigrisError(
      "CONFIG_INVALID",
      `${arm.profile.id}: expected a mark that reweights tokens: of one that chooses passages an innocent model is no control`,
    );
  }
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
  plan: { arm, rho, served, tokens, apprenticeship },
  scheme,
  forecast,
}: ForecastCell): ForecastRecord {
  return {
    profile: arm.profile.id,
    h: scheme.h,
    rho,
    served,
    student: apprenticeship.kind,
    tokens,
    forecast,
  };
}
