import { type NullLaw, moments } from "@verdigris/core";
import { cumulant, tiltedMean } from "../statistics/cumulant.js";
import { largestScore, scoreLog10P } from "../statistics/score-sum.js";
import { strongestTilt } from "./boundary.js";

/** Nats that a span must show for a rejection, about: sets which strengths are worth a walk. */
const NATS = 12;
/** Coins of the spans that the first walk is made for; each further walk is for spans `RATIO` times as long. */
const SHORTEST = 40;
const RATIO = 4;
/** Steps of a walk have about this standard deviation, nats, and are whole multiples of an eighth of it. */
const SPREAD = 0.5;
const FINENESS = 8;

/**
 * A random walk over a text that climbs where coins follow the law tilted by λ and falls where they follow the law:
 * the log-likelihood ratio of each block of coins, rounded down to whole units. The climb of a window of the text is
 * the sum of its steps; E[e^climb] ≤ 1 under the law.
 */
export interface Walk {
  readonly lambda: number;
  /** Coins of a block. Weak marks need long spans, which need no finer ends. */
  readonly block: number;
  /** Nats of a unit. */
  readonly unit: number;
  /** Units of a block with this score sum. */
  step(sum: number): number;
  /** Law of a step: P(step = lowest + i). What lies beyond the table is in its last entry. */
  readonly lowest: number;
  readonly probabilities: Float64Array;
}

/** The walks that are tried on n coins: from usual marks in short spans to weak ones in all of the text. */
export function walksOf(law: NullLaw, n: number): readonly Walk[] {
  if (n === 0) return [];
  const more = Math.max(0, Math.ceil(Math.log(n / SHORTEST) / Math.log(RATIO)));
  return Array.from({ length: 1 + more }, (_, i) =>
    walkOf(law, tiltOfDivergence(law, NATS / (SHORTEST * RATIO ** i))),
  );
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

function walkOf(law: NullLaw, lambda: number): Walk {
  const sd = lambda * Math.sqrt(moments(law).variance);
  const block = Math.max(1, Math.floor((SPREAD / sd) ** 2));
  const unit = (sd * Math.sqrt(block)) / FINENESS;
  const rate = cumulant(law, lambda) * block;
  /** log10 P(step ≥ units): of the least sum that makes it, with room for rounding. */
  const tail = (units: number): number =>
    10 ** atLeastLog10P(law, block, ((units * unit + rate) / lambda) * (1 - 1e-12) - 1e-9);
  const lowest = Math.floor(-rate / unit);
  const probabilities: number[] = [];
  for (let [units, above] = [lowest, 1]; above > 1e-30; units++) {
    const next = tail(units + 1);
    probabilities.push(Math.max(0, above - next));
    above = next;
  }
  return {
    lambda,
    block,
    unit,
    step: (sum) => Math.floor((lambda * sum - rate) / unit),
    lowest,
    probabilities: Float64Array.from(probabilities),
  };
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
