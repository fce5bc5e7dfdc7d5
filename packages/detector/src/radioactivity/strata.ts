import { type NullLaw, type Scheme, moments } from "@verdigris/core";
import { type Evidence, evidenceOf } from "../evidence.js";
import { BettingMixture } from "../sequential/betting.js";
import { eProcess } from "../sequential/e-process.js";
import type { Weighting } from "../weights/weighting.js";
import { type Prediction, expectedScores, sharedCoins } from "./open.js";
import type { Draws } from "./layout.js";
import { distinctDraws, weightAfter } from "./pairs.js";

/** Strata of windows by how often they were served. */
export interface StrataOptions {
  /** How often the window before a position was served, or an estimate; never by the key. */
  readonly counts: Weighting;
  /** Least count of each stratum after the first, increasing. Default 2, 10, 50. */
  readonly edges?: readonly number[];
  /** Least count of a window that an attacker may have learned: from there on both sides count. Default 50. */
  readonly frequent?: number;
}

/** One stratum: windows served `from` … `to` − 1 times. */
export interface Stratum extends Omit<Evidence, "log10P"> {
  readonly from: number;
  readonly to: number;
  /** log10 e-value against "no more than an innocent model", and in frequent strata for its opposite. */
  readonly log10More: number;
  readonly log10Fewer: number | null;
}

/** What the strata say together. */
export interface StratifiedEvidence {
  readonly strata: readonly Stratum[];
  /** log10 of the product of the strata's e-values; −log10 E bounds log10 p. */
  readonly log10E: number;
  /**
   * log10 e-value against "the frequent windows show no less than an innocent model's": evidence that somebody took a mark
   * out. An innocent model cannot avoid green tokens that it does not know.
   */
  readonly log10Removed: number;
}

const EDGES = [2, 10, 50];

/**
 * The closed test by strata of window frequency. H0 as ever. Whoever neutralises a mark can only estimate it after frequent
 * windows, and overshoots there: a sum over all windows then shows little. So rare windows are tested for more than
 * expected; frequent ones for more or less, by the mean of both e-values. Strata share no coin, so their e-values multiply.
 * Fewer is tested on the assumption that the law's mean is exact, which a scheme that only bounds its scores from
 * above must not claim.
 */
export function stratifiedClosedTest(
  scheme: Scheme,
  draws: Draws,
  options: StrataOptions,
): StratifiedEvidence {
  const { scores, indices } = distinctDraws(scheme, draws);
  const items = scores.map((score, k) => ({
    score,
    served: weightAfter(options.counts, draws.contexts[indices[k]]),
  }));
  const [more, fewer] = [eProcess(scheme.law), eProcess(scheme.law, -1)];
  return combined(scheme.law, items, {
    ...options,
    log10More: (own) => more(sumOf(own)),
    log10Fewer: (own) => fewer(sumOf(own)),
  });
}

/**
 * The same of an open model's expected scores, by betting (variance-adaptive). Contexts are distinct windows.
 * @throws RangeError for a law whose scores have no upper end, and for contexts that share coins
 */
export function stratifiedOpenTest(
  scheme: Scheme,
  predictions: readonly Prediction[],
  options: StrataOptions,
): StratifiedEvidence {
  const top = largestScore(scheme.law);
  const { mean } = moments(scheme.law);
  if (sharedCoins(scheme, predictions, new Float64Array(predictions.length).fill(1)) !== null)
    throw new RangeError(
      "predictions: expected contexts that share no coin, as strata are multiplied",
    );
  const items = Array.from(expectedScores(scheme, predictions), (score, i) => ({
    score,
    served: weightAfter(options.counts, predictions[i].context),
  }));
  return combined(scheme.law, items, {
    ...options,
    log10More: (own) =>
      betOn(
        mean,
        own.map(({ score }) => score),
      ),
    log10Fewer: (own) =>
      betOn(
        top - mean,
        own.map(({ score }) => top - score),
      ),
  });
}

interface Item {
  readonly score: number;
  readonly served: number;
}

type EValue = (items: readonly Item[]) => number;

function combined(
  law: NullLaw,
  items: readonly Item[],
  options: StrataOptions & { readonly log10More: EValue; readonly log10Fewer: EValue },
): StratifiedEvidence {
  const { edges = EDGES, frequent = 50, log10More, log10Fewer } = options;
  const bounds = boundsOf(edges);
  const strata = bounds.map(([from, to]): Stratum => {
    const own = items.filter(({ served }) => served >= from && served < to);
    const { n, sum, zScore, effect } = evidenceOf(law, sumOf(own));
    const fewer = from >= frequent ? log10Fewer(own) : null;
    return { from, to, n, sum, zScore, effect, log10More: log10More(own), log10Fewer: fewer };
  });
  return {
    strata,
    log10E: strata.reduce((sum, stratum) => sum + log10EOf(stratum), 0),
    log10Removed: strata.reduce((sum, { log10Fewer: own }) => sum + (own ?? 0), 0),
  };
}

/** The even mixture of both sides where there are two. */
function log10EOf({ log10More, log10Fewer }: Stratum): number {
  if (log10Fewer === null) return log10More;
  const top = Math.max(log10More, log10Fewer);
  return top + Math.log10((10 ** (log10More - top) + 10 ** (log10Fewer - top)) / 2);
}

/** @throws RangeError unless the edges increase from above 0 */
function boundsOf(edges: readonly number[]): readonly (readonly [number, number])[] {
  const all = [0, ...edges];
  all.forEach((edge, i) => {
    if (i > 0 && !(edge > all[i - 1])) {
      throw new RangeError(`edges[${i - 1}]: expected more than ${all[i - 1]}, got ${edge}`);
    }
  });
  return all.map((from, i) => [from, all[i + 1] ?? Infinity]);
}

function sumOf(items: readonly Item[]): { readonly n: number; readonly sum: number } {
  return { n: items.length, sum: items.reduce((sum, { score }) => sum + score, 0) };
}

function betOn(mean: number, scores: readonly number[]): number {
  const bets = new BettingMixture(mean);
  for (const score of scores) bets.push(score);
  return bets.log10E();
}

function largestScore(law: NullLaw): number {
  if (law.kind === "bernoulli") return 1;
  if (law.kind === "bits") return law.weights.reduce((sum, weight) => sum + weight, 0);
  throw new RangeError(`scheme: expected scores with an upper end, got the law ${law.kind}`);
}
