import { type NullLaw, moments } from "@verdigris/core";
import { cumulant, tiltedMean } from "../statistics/cumulant.js";
import { largestScore, scoreLog10P } from "../statistics/score-sum.js";
import { strongestTilt } from "./boundary.js";

/** A span in a text of n coins must show about ln(n / ALPHA) nats for a rejection: sets which strengths are worth a walk. */
const ALPHA = 0.01;
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

/** The walks that are tried on n coins: from strong marks in short spans to weak ones in all of the text. */
export function walksOf(law: NullLaw, n: number): readonly Walk[] {
  if (n === 0) return [];
  const count = 1 + Math.max(0, Math.ceil(Math.log(n / SHORTEST) / Math.log(RATIO)));
  const nats = Math.log(n / ALPHA);
  return Array.from({ length: count }, (_, i) => walkOf(law, SHORTEST * RATIO ** i, nats));
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

/** @param nats that a span of this length is to show */
function walkOf(law: NullLaw, length: number, nats: number): Walk {
  const lambda = tiltOfDivergence(law, nats / length);
  const sd = lambda * Math.sqrt(moments(law).variance);
  const block = Math.max(1, Math.floor((SPREAD / sd) ** 2));
  const grain = (sd * Math.sqrt(block)) / FINENESS[law.kind];
  const rate = cumulant(law, lambda) * block;
  const step = (sum: number): number => Math.round((lambda * sum - rate) / grain);
  let [least, chance] = [0, 1];
  /** P(step ≥ units): of the least sum that makes it, with room for rounding. Neighbours often share it. */
  const tail = (units: number): number => {
    const sum = attained(law, (((units - 0.5) * grain + rate) / lambda) * (1 - 1e-12) - 1e-9);
    if (sum !== least) [least, chance] = [sum, atLeast(law, block, sum)];
    return chance;
  };
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

/**
 * The unit u > 0 with E[e^(u · step)] = 1: steps fall on average and can climb, so there is one. The mean is convex in u:
 * from above the root Newton's method comes down and cannot pass it.
 */
function unitOf(lowest: number, probabilities: Float64Array): number {
  const at = (unit: number): { readonly excess: number; readonly slope: number } => {
    let [excess, slope] = [0, 0];
    for (let i = 0; i < probabilities.length; i++) {
      const growth = Math.expm1(unit * (lowest + i));
      excess += probabilities[i] * growth;
      slope += probabilities[i] * (lowest + i) * (growth + 1);
    }
    return { excess, slope };
  };
  let unit = 1e-3;
  while (at(unit).excess <= 0) unit *= 2;
  for (;;) {
    const { excess, slope } = at(unit);
    const next = unit - excess / slope;
    if (!(next < unit)) return unit;
    unit = next;
  }
}

/** height → ⌊log(1 + e^height)⌋ in units. Below the table that is 0, above it the height. */
function carryOf(unit: number): (height: number) => number {
  const reach = Math.ceil(-Math.log(Math.expm1(unit)) / unit) + 1;
  const table = Int32Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.floor(Math.log1p(Math.exp((i - reach) * unit)) / unit + 1e-9),
  );
  return (height) => (height < -reach ? 0 : height > reach ? height : table[height + reach]);
}

/** The least sum that is at least this: on a lattice, of its points. */
function attained(law: NullLaw, sum: number): number {
  if (law.kind === "bernoulli") return Math.max(0, Math.ceil(sum));
  if (law.kind !== "bits" || law.weights.some((weight) => weight !== law.weights[0]))
    return Math.max(0, sum);
  return Math.max(0, Math.ceil(sum / law.weights[0]) * law.weights[0]);
}

/** P(S ≥ sum) of n coins. */
function atLeast(law: NullLaw, n: number, sum: number): number {
  if (sum <= 0) return 1;
  if (sum > n * largestScore(law)) return 0;
  return 10 ** scoreLog10P(law, n, sum);
}
