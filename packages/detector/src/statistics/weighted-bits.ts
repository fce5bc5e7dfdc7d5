import type { NullLaw } from "@verdigris/core";
import { cumulant, tiltOf, tiltedMean } from "./cumulant.js";
import { normalLog10Q } from "./normal.js";

type Bits = Extract<NullLaw, { kind: "bits" }>;

/** Exact convolution is used up to this many steps. */
const MOST_STEPS = 3e7;

/**
 * log10 P(S ≥ sum) of n coins that score weighted bits. Whole weights and few coins: exact, by convolution. Else
 * Lugannani and Rice's (1980) saddlepoint approximation, which is within 1 % of p for 20 coins of 10 layers and closer
 * for more, however far out.
 */
export function weightedBitsLog10P(law: Bits, n: number, sum: number): number {
  const most = n * law.weights.reduce((total, weight) => total + weight, 0);
  if (sum <= 0) return 0;
  if (sum >= most) return n * law.weights.filter((weight) => weight > 0).length * Math.log10(law.p);
  const whole = law.weights.every((weight) => Number.isInteger(weight));
  if (whole && n * law.weights.length * most <= MOST_STEPS)
    return convolved(law, n, Math.ceil(sum - 1e-9));
  return saddlepointLog10P(law, n, sum);
}

/** The law of the sum, bit by bit. Probabilities below 1e-300 are lost, which no n small enough for it reaches. */
function convolved({ weights, p }: Bits, n: number, sum: number): number {
  const most = n * weights.reduce((total, weight) => total + weight, 0);
  const law = new Float64Array(most + 1);
  law[0] = 1;
  let reached = 0;
  for (const weight of weights) {
    for (let i = 0; i < n; i++) {
      reached += weight;
      // Downwards in place: what a bit adds comes from sums not yet changed.
      for (let s = reached; s >= 0; s--) {
        law[s] = law[s] * (1 - p) + (s >= weight ? law[s - weight] * p : 0);
      }
    }
  }
  let tail = 0;
  for (let s = most; s >= sum; s--) tail += law[s];
  return Math.min(0, Math.log10(tail));
}

/** The approximation alone, for any weights. */
export function saddlepointLog10P(law: Bits, n: number, sum: number): number {
  const mean = n * tiltedMean(law, 0);
  // Below the mean p is near 1 and decides nothing: the normal law will do.
  const lambda = sum <= mean ? 0 : tiltOf(law, sum / n, 700 / Math.max(...law.weights));
  const sigma = Math.sqrt(n * curvature(law, lambda));
  const w = Math.sqrt(Math.max(0, 2 * (lambda * sum - n * cumulant(law, lambda))));
  if (w < 1e-3) return normalLog10Q((sum - mean) / Math.sqrt(n * curvature(law, 0)));
  // Sums lie on multiples of a step d: (1 − e^(−λd))/d instead of λ (Daniels 1987).
  const step = law.weights.reduce(commonStep);
  const u = (step > 0 ? -Math.expm1(-lambda * step) / step : lambda) * sigma;
  const log10Density = -(w * w) / 2 / Math.LN10 - Math.log10(Math.sqrt(2 * Math.PI));
  const mills = 10 ** (normalLog10Q(w) - log10Density);
  return Math.min(0, log10Density + Math.log10(mills + 1 / u - 1 / w));
}

/** Second derivative of the cumulant of one coin. */
function curvature({ weights, p }: Bits, lambda: number): number {
  return weights.reduce((sum, weight) => {
    const tilted = p / (p + (1 - p) * Math.exp(-lambda * weight));
    return sum + weight * weight * tilted * (1 - tilted);
  }, 0);
}

/** Greatest common divisor of whole weights; 0 if one is not whole. */
function commonStep(a: number, b: number): number {
  if (!Number.isInteger(a) || !Number.isInteger(b) || a === 0) return 0;
  return b === 0 ? a : commonStep(b, a % b);
}
