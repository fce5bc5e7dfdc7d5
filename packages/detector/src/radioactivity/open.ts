import { type Scheme, type Tokens, moments } from "@verdigris/core";
import type { Evidence } from "../evidence.js";
import { BettingMixture } from "../sequential/betting.js";
import type { Weighting } from "../weights/weighting.js";
import { closedTest } from "./closed.js";
import { coinsAfter, weightAfter } from "./pairs.js";

/** A suspect's next-token probabilities in one context: what an open model shows. */
export interface Prediction {
  readonly context: Tokens;
  readonly ids: Uint32Array; // (K)
  /** Probability of each id; the rest, up to 1, is taken at its expectation under H0. (K) */
  readonly p: Float64Array;
}

/** Evidence from an open model: expected scores instead of drawn ones. */
export interface OpenEvidence extends Evidence {
  /** log10 of the mixture e-value; −log10 E bounds log10 p at any stopping time. */
  readonly log10E: number;
}

/**
 * Open-model test on expected scores m_i (a green list: the model's green mass). E[m_i] is the law's mean μ under
 * H0 and contexts are distinct windows, so betting on them is a test martingale, and p ≤ 1/E. z uses the empirical variance
 * and is for display. With a weighting it bets more where that says so, and sums and effect are weighted, the largest
 * weight being 1 (statistics.md 14). Where contexts share coins, as with a seed that the candidate decides, coins are bet
 * on instead, each once with all the probability it has; n then counts coins, and z uses the law's variance.
 */
export function openTest(
  scheme: Scheme,
  predictions: readonly Prediction[],
  weighting?: Weighting,
): OpenEvidence {
  const weights = relativeWeights(predictions, weighting);
  const shared = sharedCoins(scheme, predictions, weights);
  if (shared !== null) return coinTest(scheme, shared, sumOf(weights));
  const masses = expectedScores(scheme, predictions);
  const { mean } = moments(scheme.law);
  const bets = new BettingMixture(mean);
  for (let i = 0; i < masses.length; i++) bets.push(masses[i], weights[i]);
  const log10E = bets.log10E();
  const total = sumOf(weights);
  const sum = sumOf(weights, (weight, i) => weight * masses[i]);
  const effect = total === 0 ? 0 : sum / total - mean;
  const noise = sumOf(weights, (weight, i) => (weight * (masses[i] - mean - effect)) ** 2);
  const n = weights.reduce((count, weight) => count + (weight > 0 ? 1 : 0), 0);
  const zScore = noise > 0 ? (total * effect) / Math.sqrt((noise * n) / Math.max(1, n - 1)) : 0;
  return { n, sum, log10P: Math.min(0, -log10E), zScore, effect, log10E };
}

/** What a coin shows, and the probability that all predictions together give to it. */
interface WeighedCoin {
  readonly score: number;
  readonly weight: number;
}

/** A token less likely than this is taken at its expectation where coins are gathered: there may be millions. */
const LEAST = 1e-4;

/** The coins of all predictions; null if no two of them share one. `weights`: of the predictions. */
export function sharedCoins(
  scheme: Scheme,
  predictions: readonly Prediction[],
  weights: Float64Array,
): readonly WeighedCoin[] | null {
  if (!scheme.coinsDependOnKey) return null;
  const coins = new Map<string, WeighedCoin>();
  let asked = 0;
  predictions.forEach(({ context, ids, p }, i) => {
    const likely = [...ids.keys()].filter((j) => p[j] >= LEAST);
    const tokens = Uint32Array.from(likely, (j) => ids[j]);
    const { score, seedLo, seedHi } = coinsAfter(scheme, context, tokens);
    likely.forEach((from, j) => {
      if (scheme.isKeyless?.(seedLo[j], seedHi[j]) === true) return;
      const token = scheme.coin === "seed" ? "" : tokens[j];
      const name = `${seedLo[j]} ${seedHi[j]} ${token}`;
      const weight = (coins.get(name)?.weight ?? 0) + weights[i] * p[from];
      coins.set(name, { score: score[j], weight });
      asked++;
    });
  });
  return coins.size === asked ? null : [...coins.values()];
}

/** Bets on each coin in proportion to its weight. `total`: weights of the contexts. */
function coinTest({ law }: Scheme, coins: readonly WeighedCoin[], total: number): OpenEvidence {
  const { mean, variance } = moments(law);
  const weights = Float64Array.from(coins, ({ weight }) => weight);
  const most = weights.reduce((top, weight) => Math.max(top, weight), 0);
  const bets = new BettingMixture(mean);
  for (const { score, weight } of coins) bets.push(score, weight / most);
  const excess = sumOf(weights, (weight, i) => weight * (coins[i].score - mean));
  const squares = sumOf(weights, (weight) => weight ** 2);
  const log10E = bets.log10E();
  return {
    n: coins.length,
    sum: total * mean + excess,
    log10P: Math.min(0, -log10E),
    zScore: excess / Math.sqrt(variance * squares),
    effect: excess / total,
    log10E,
  };
}

/** Open-model test on the most likely token of each context: a coin per context, exact tail (Sander et al. 2024). */
export function openArgmaxTest(scheme: Scheme, predictions: readonly Prediction[]): Evidence {
  const known = predictions.filter(({ ids }) => ids.length > 0);
  return closedTest(scheme, {
    contexts: known.map(({ context }) => context),
    tokens: Uint32Array.from(known, ({ ids, p }) => {
      let best = 0;
      for (let i = 1; i < p.length; i++) if (p[i] > p[best]) best = i;
      return ids[best];
    }),
  });
}

function sumOf(
  weights: Float64Array,
  of: (weight: number, i: number) => number = (weight) => weight,
): number {
  return weights.reduce((sum, weight, i) => sum + of(weight, i), 0);
}

/** Weights in [0, 1], the largest 1; all 1 without a weighting. (N) */
function relativeWeights(
  predictions: readonly Prediction[],
  weighting: Weighting | undefined,
): Float64Array {
  if (weighting === undefined) return new Float64Array(predictions.length).fill(1);
  const weights = Float64Array.from(predictions, ({ context }) => weightAfter(weighting, context));
  const most = weights.reduce((top, weight) => Math.max(top, weight), 0);
  return most === 0 ? weights : weights.map((weight) => weight / most);
}

/** Expected score of each prediction; a coin that the key has no part in has the law's mean. (N) */
export function expectedScores(scheme: Scheme, predictions: readonly Prediction[]): Float64Array {
  const { mean } = moments(scheme.law);
  return Float64Array.from(predictions, ({ context, ids, p }) => {
    const { score, seedLo, seedHi } = coinsAfter(scheme, context, ids);
    let expected = mean;
    for (let i = 0; i < ids.length; i++) {
      if (scheme.isKeyless?.(seedLo[i], seedHi[i]) !== true) expected += p[i] * (score[i] - mean);
    }
    return expected;
  });
}
