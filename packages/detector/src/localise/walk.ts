import { type NullLaw, moments } from "@verdigris/core";
import { cumulant, tiltedMean } from "../statistics/cumulant.js";
import { largestScore, scoreLog10P } from "../statistics/score-sum.js";
import { strongestTilt } from "./boundary.js";

/** Nats that a span must show for a rejection, about: sets which strengths are worth a walk. */
const NATS = 12;
/** Coins of the spans that the first walk is made for; each further walk is for spans `RATIO` times as long. */
const SHORTEST = 25;
const RATIO = 1.6;
/** Steps of a walk have about this standard deviation, nats. */
const SPREAD = 0.5;
/** Units in a standard deviation. Few different scores make few transitions: there a fine scale is cheap. */
const FINENESS = { bernoulli: 16, bits: 8, exponential: 8, exponentials: 8 } as const;

/**
 * A random walk over a text that climbs where coins follow the law tilted by λ and falls where they follow the law: the
 * log-likelihood ratio of each block of coins, in whole units. What the rounding did to it is made up for by the size of
 * the unit: E[e^step] = 1 under the law. Its height at the end of a block is the log of the sum of the likelihood
 * ratios of all windows that end there (Shiryaev 1963; Roberts 1966), which is more powerful than the largest of them, as
 * nobody knows the start. The sum has mean m after m blocks under the law.
 */
export interface Walk {
  readonly lambda: number;
  /** Coins of the spans that the walk is made for. */
  readonly length: number;
  /** Coins of a block. Weak marks need long spans, which need no finer ends. */
  readonly block: number;
  /** Nats of a unit. */
  readonly unit: number;
  /** Units of a block with this score sum. */
  step(sum: number): number;
  /** Where the next block starts from, units ≥ 0: log(1 + e^height), rounded down, as one more window starts there. */
  carry(height: number): number;
  /** Law of a step: P(step = lowest + i). What lies beyond the table is in its last entry. */
  readonly lowest: number;
  readonly probabilities: Float64Array;
}

/** Walks of the laws that were met, as they are the same for every text: their tables take some milliseconds. */
const known = new Map<string, Walk[]>();

/** The walks that are tried on n coins: from strong marks in short spans to weak ones in all of the text. */
export function walksOf(law: NullLaw, n: number): readonly Walk[] {
  if (n === 0) return [];
  const name = JSON.stringify(law);
  const walks = known.get(name) ?? [];
  known.set(name, walks);
  const count = 1 + Math.max(0, Math.ceil(Math.log(n / SHORTEST) / Math.log(RATIO)));
  while (walks.length < count) walks.push(walkOf(law, SHORTEST * RATIO ** walks.length));
  return walks.slice(0, count);
}

/** The tilt whose law has this Kullback–Leibler divergence, nats a coin, from the law; at most the strongest. */
function tiltOfDivergence(law: NullLaw, nats: number): number {
  let [low, high] = [0, strongestTilt(law)];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (middle * tiltedMean(law, middle) - cumulant(law, middle) < nats) low = middle;
    else high = middle;
  }
  return low;
}

function walkOf(law: NullLaw, length: number): Walk {
  const lambda = tiltOfDivergence(law, NATS / length);
  const sd = lambda * Math.sqrt(moments(law).variance);
  const block = Math.max(1, Math.floor((SPREAD / sd) ** 2));
  const grain = (sd * Math.sqrt(block)) / FINENESS[law.kind];
  const rate = cumulant(law, lambda) * block;
  const step = (sum: number): number => Math.round((lambda * sum - rate) / grain);
  /** P(step ≥ units): of the least sum that makes it, with room for rounding. */
  const tail = (units: number): number =>
    10 ** atLeastLog10P(law, block, (((units - 0.5) * grain + rate) / lambda) * (1 - 1e-12) - 1e-9);
  const lowest = step(0);
  const probabilities = lawOf(lowest, tail);
  const unit = unitOf(lowest, probabilities);
  return { lambda, length, block, unit, step, carry: carryOf(unit), lowest, probabilities };
}

/** P(step = lowest + i), from P(step ≥ units). */
function lawOf(lowest: number, tail: (units: number) => number): Float64Array {
  const probabilities: number[] = [];
  for (let [units, above] = [lowest, 1]; above > 1e-30; units++) {
    const next = tail(units + 1);
    probabilities.push(Math.max(0, above - next));
    above = next;
  }
  return Float64Array.from(probabilities);
}

/** The unit u > 0 with E[e^(u · step)] = 1: steps fall on average and can climb, so there is one. By bisection. */
function unitOf(lowest: number, probabilities: Float64Array): number {
  const excess = (unit: number): number =>
    probabilities.reduce((sum, p, i) => sum + p * Math.expm1(unit * (lowest + i)), 0);
  let [low, high] = [0, 1e-3];
  while (excess(high) <= 0) [low, high] = [high, 2 * high];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (excess(middle) <= 0) low = middle;
    else high = middle;
  }
  return low;
}

/** height → ⌊log(1 + e^height)⌋ in units. Below the table that is 0, above it the height. */
function carryOf(unit: number): (height: number) => number {
  const reach = Math.ceil(-Math.log(Math.expm1(unit)) / unit) + 1;
  const table = Int32Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.floor(Math.log1p(Math.exp((i - reach) * unit)) / unit + 1e-9),
  );
  return (height) => (height < -reach ? 0 : height > reach ? height : table[height + reach]);
}

/** log10 P(S ≥ sum) for any real sum: on a lattice, of the next one that is attainable. */
function atLeastLog10P(law: NullLaw, n: number, sum: number): number {
  if (sum <= 0) return 0;
  if (sum > n * largestScore(law)) return -Infinity;
  if (law.kind === "bernoulli") return scoreLog10P(law, n, Math.ceil(sum));
  if (law.kind !== "bits" || law.weights.some((weight) => weight !== law.weights[0]))
    return scoreLog10P(law, n, sum);
  return scoreLog10P(law, n, Math.ceil(sum / law.weights[0]) * law.weights[0]);
}
