/**
 * Tests of a model, as opposed to a text: does it prefer what the mark made its teacher prefer, in contexts the
 * auditor chose? (Sander et al. 2024.) N contexts, each a distinct window; V vocabulary.
 */
import {
  type Key,
  type Kernel,
  type Profile,
  type Scheme,
  type ScoredCoins,
  type Tokens,
  bindScheme,
  moments,
} from "@verdigris/core";
import { CoinSet } from "./coin-set.js";
import { decoyKey, type DecoyTest, summariseDecoys } from "./decoys.js";
import { type Evidence, evidenceOf } from "./evidence.js";
import { BettingMixture } from "./sequential/betting.js";
import { type WeightedEvidence, weightedEvidenceOf } from "./weights/weighted-test.js";
import type { Weighting } from "./weights/weighting.js";

/** What a suspect answered, one token per context: all that a closed model shows. */
export interface Draws {
  readonly contexts: readonly Tokens[]; // (N)
  readonly tokens: Uint32Array; // (N)
}

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

/** Closed-model test: each distinct coin once, exact tail. */
export function closedTest(scheme: Scheme, draws: Draws): Evidence {
  const { scores } = distinctDraws(scheme, draws);
  return evidenceOf(scheme.law, {
    n: scores.length,
    sum: scores.reduce((all, one) => all + one, 0),
  });
}

/** The closed test with a weight per context: by its window alone, never by the key (statistics.md 14). */
export function weightedClosedTest(
  scheme: Scheme,
  draws: Draws,
  weighting: Weighting,
): WeightedEvidence {
  const { scores, indices } = distinctDraws(scheme, draws);
  const weights = Float64Array.from(indices, (i) => {
    const context = draws.contexts[i];
    // One position after the context: a weighting looks back only.
    const joined = new Uint32Array(context.length + 1);
    joined.set(context);
    joined[context.length] = draws.tokens[i];
    return weighting(joined, context.length)[0];
  });
  return weightedEvidenceOf(scheme.law, { scores, weights });
}

/** Scores of the draws, each coin that depends on the key once, and which draws they are. */
function distinctDraws(
  scheme: Scheme,
  draws: Draws,
): { readonly scores: readonly number[]; readonly indices: readonly number[] } {
  const { seedLo, seedHi, score } = pairCoins(scheme, draws);
  const seen = new CoinSet("seed-and-token");
  const indices = [...draws.tokens.keys()].filter(
    (i) =>
      scheme.isKeyless?.(seedLo[i], seedHi[i]) !== true &&
      seen.add(seedLo[i], seedHi[i], draws.tokens[i]),
  );
  return { scores: indices.map((i) => score[i]), indices };
}

/** The closed test under decoy keys (statistics.md 7). */
export function closedDecoys(
  profile: Profile,
  draws: Draws,
  options: { readonly keys: number; readonly statistic: Evidence; readonly kernel: Kernel },
): DecoyTest {
  const z = Float64Array.from({ length: options.keys }, (_, i) => {
    const key: Key = decoyKey(i);
    return closedTest(bindScheme(profile, key, options.kernel), draws).zScore;
  });
  return summariseDecoys(z, options.statistic.zScore);
}

/**
 * Open-model test on expected scores m_i (a green list: the model's green mass). E[m_i] is the law's mean μ under
 * H0 and contexts are distinct windows, so betting on them is a test martingale, and p ≤ 1/E. z uses the empirical variance
 * and is for display.
 */
export function openTest(scheme: Scheme, predictions: readonly Prediction[]): OpenEvidence {
  const { mean } = moments(scheme.law);
  const masses = expectedScores(scheme, predictions);
  const n = masses.length;
  const sum = masses.reduce((total, m) => total + m, 0);
  const bets = new BettingMixture(mean);
  for (const mass of masses) bets.push(mass);
  const log10E = bets.log10E();
  const effect = n === 0 ? 0 : sum / n - mean;
  const variance =
    masses.reduce((total, m) => total + (m - mean - effect) ** 2, 0) / Math.max(1, n - 1);
  const zScore = variance > 0 ? effect / Math.sqrt(variance / n) : 0;
  return { n, sum, log10P: Math.min(0, -log10E), zScore, effect, log10E };
}

/** Expected score of each prediction; a coin that the key has no part in has the law's mean. (N) */
function expectedScores(scheme: Scheme, predictions: readonly Prediction[]): Float64Array {
  const { mean } = moments(scheme.law);
  return Float64Array.from(predictions, ({ context, ids, p }) => {
    const contexts = Array.from<Tokens>({ length: ids.length }).fill(context);
    const { score, seedLo, seedHi } = pairCoins(scheme, { contexts, tokens: ids });
    let expected = mean;
    for (let i = 0; i < ids.length; i++) {
      if (scheme.isKeyless?.(seedLo[i], seedHi[i]) !== true) expected += p[i] * (score[i] - mean);
    }
    return expected;
  });
}

/** Coins of (context, token) pairs: the windows laid end to end, and every (h+1)-th seed read. (N) */
function pairCoins(scheme: Scheme, { contexts, tokens }: Draws): ScoredCoins {
  const { h } = scheme;
  const n = contexts.length;
  const laid = new Uint32Array(n * (h + 1));
  for (let i = 0; i < n; i++) {
    const context = contexts[i];
    if (context.length < h) {
      throw new RangeError(
        `contexts[${i}]: expected at least h = ${h} tokens, got ${context.length}`,
      );
    }
    const [from, to] = [context.length - h, i * (h + 1)];
    for (let j = 0; j < h; j++) laid[to + j] = context[from + j];
    laid[to + h] = tokens[i];
  }
  const all = { seedLo: new Uint32Array(laid.length), seedHi: new Uint32Array(laid.length) };
  if (n > 0) scheme.seeds(laid, h, all);
  const every = (seeds: Uint32Array): Uint32Array => {
    const out = new Uint32Array(n);
    for (let i = 0; i < n; i++) out[i] = seeds[i * (h + 1)];
    return out;
  };
  const coins = { seedLo: every(all.seedLo), seedHi: every(all.seedHi), token: tokens, n };
  const score = new Float64Array(n);
  scheme.scores(coins, score);
  return { ...coins, score };
}
