import type { NullLaw } from "@verdigris/core";
import { SMALLEST_P } from "./binomial.js";
import { requireBetween, requireReal } from "./checks.js";
import { normalQuantile } from "./normal.js";
import { largestScore, scoreLog10P } from "./score-sum.js";

/**
 * The one rule of every verdict: p ≤ alpha, in (0, 1). Equality up to the rounding of the tails
 * counts, so that three coins of p = 0.1 reject at alpha = 0.001.
 */
export function rejects(log10P: number, alpha: number): boolean {
  requireBetween("alpha", alpha);
  return log10P <= Math.log10(alpha) * (1 - 1e-12);
}

/**
 * The smallest number of coins with which rejection at `alpha`, in (0, 1), is possible at all: every
 * coin shows its largest score. Fewer coins are "too short" (statistics.md, 10).
 */
export function smallestRejecting(law: NullLaw, alpha: number): number {
  if (law.kind === "bernoulli") {
    requireBetween("law.p", law.p, { above: SMALLEST_P, below: 1 - 1e-12 });
  }
  const bestLog10P = (n: number): number => scoreLog10P(law, n, n * largestScore(law));
  let enough = 1;
  while (!rejects(bestLog10P(enough), alpha)) enough *= 2;
  let tooFew = Math.floor(enough / 2);
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2);
    if (rejects(bestLog10P(middle), alpha)) enough = middle;
    else tooFew = middle;
  }
  return enough;
}

/** What a planned green-list test must achieve. */
export interface TestPlan {
  /** Excess green rate over gamma to be found, in (0, 1 − gamma]. */
  readonly epsilon: number;
  /** Green rate under the null hypothesis, in (0, 1). */
  readonly gamma: number;
  /** False-positive rate, in (0, 1). */
  readonly alpha: number;
  /** Probability of finding the excess, in (alpha, 1). */
  readonly power: number;
}

/**
 * Scored tokens needed to find an excess of `epsilon`: N* = (z_α + z_β)² γ(1−γ) / ε², rounded up
 * (statistics.md, 11). A forecast by the normal law, not a verdict.
 */
export function requiredTokens({ epsilon, gamma, alpha, power }: TestPlan): number {
  requireBetween("gamma", gamma);
  requireReal("epsilon", epsilon, { min: Number.MIN_VALUE, max: 1 - gamma });
  requireBetween("alpha", alpha);
  requireBetween("power", power, { above: alpha });
  const z = normalQuantile(alpha) - normalQuantile(power);
  return Math.ceil((z / epsilon) ** 2 * gamma * (1 - gamma));
}
