import { SMALLEST_P } from "./binomial.js";
import { type ComputedTail, bitSumTail } from "./bit-sum.js";
import { requireBetween, requireInteger, requireReal } from "./checks.js";
import { type ExponentialTerm, exponentialSumTail } from "./exponential-sum.js";

/** `count` independent bits of one weight and probability. */
export interface WeightedBits {
  readonly count: number;
  /** Whole, from 0 to 2^20. */
  readonly weight: number;
  /** Probability of scoring, in (1e-300, 1). */
  readonly p: number;
}

/** Largest accepted error of the quadrature, relative to P; its step halves until the error is far below. */
const LARGEST_ERROR = 1e-13;

/**
 * log10 P(S ≥ sum) for a weighted sum of independent bits of any probabilities. Exact to about 1e-12 of log10 p, never
 * floored. Weights are whole: weights that do not depend on the key may be rounded before the sum is taken, and the
 * law of the rounded sum is exact. Time grows with the number of different terms and, for few coins, the weights.
 */
export function weightedBitsLog10P(bits: readonly WeightedBits[], sum: number): number {
  for (const { count, weight, p } of bits) {
    requireInteger("count", count, { min: 0 });
    requireInteger("weight", weight, { min: 0, max: 2 ** 20 });
    requireBetween("p", p, { above: SMALLEST_P });
  }
  const scoring = bits
    .filter(({ count, weight }) => count > 0 && weight > 0)
    .map((term) => ({ ...term, q: 1 - term.p }));
  const divisor = scoring.reduce((common, { weight }) => gcd(common, weight), 0);
  const most = scoring.reduce((total, { count, weight }) => total + count * weight, 0);
  if (sum <= 0) return 0;
  if (sum > most) return -Infinity;
  const reduced = scoring.map((term) => ({ ...term, weight: term.weight / divisor }));
  return checked(bitSumTail(reduced, Math.ceil(sum / divisor)));
}

/**
 * log10 P(X ≥ k) for the number X of successes among independent trials of different probabilities: the
 * Poisson-binomial law. `k` in [0, n], each p in (1e-300, 1). (n)
 */
export function poissonBinomialLog10P(k: number, p: ArrayLike<number>): number {
  requireInteger("k", k, { min: 0, max: p.length });
  const counts = new Map<number, number>();
  for (let i = 0; i < p.length; i++) counts.set(p[i], (counts.get(p[i]) ?? 0) + 1);
  const bits = [...counts].map(([each, count]) => ({ count, weight: 1, p: each }));
  return weightedBitsLog10P(bits, k);
}

/** log10 P(S ≥ sum) for a weighted sum of exponential scores; means (m) at least 0. Exact to about 1e-12 of log10 p. */
export function weightedExponentialsLog10P(terms: readonly ExponentialTerm[], sum: number): number {
  for (const { count, mean } of terms) {
    requireInteger("count", count, { min: 0 });
    requireReal("mean", mean, { min: 0, max: 1e15 });
  }
  const positive = terms.filter(({ count, mean }) => count > 0 && mean > 0);
  if (sum <= 0) return 0;
  return positive.length === 0 ? -Infinity : checked(exponentialSumTail(positive, sum));
}

/** @throws Error if the quadrature did not settle, which no input is known to cause */
function checked({ lnP, error }: ComputedTail): number {
  if (!(error <= LARGEST_ERROR)) throw new Error(`weighted sum: relative error ${error} of p`);
  return Math.min(0, lnP) * Math.LOG10E + 0;
}

function gcd(a: number, b: number): number {
  return a === 0 ? b : gcd(b % a, a);
}
