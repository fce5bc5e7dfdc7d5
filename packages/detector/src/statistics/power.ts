import { type NullLaw, sumMoments } from "@verdigris/core";
import { SMALLEST_P } from "./binomial.js";
import { requireBetween, requireReal } from "./checks.js";
import { normalLog10Q, normalQuantile } from "./normal.js";
import { largestSum, scoreLog10P } from "./score-sum.js";

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
  const bestLog10P = (n: number): number => scoreLog10P(law, n, largestSum(law, n));
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

/** What a test of n coins is expected to find. */
export interface Forecast {
  readonly n: number;
  /** Mean excess of a coin's score that was assumed. */
  readonly effect: number;
  /** Chance of rejecting at `alpha` with that effect. */
  readonly power: number;
  /** Part of the effect that is found with the wanted power: whoever wrote less of the text is not; may exceed 1. */
  readonly smallestShare: number;
}

/** The effect to be found, the level of its test, and the power wanted of it. */
export interface ForecastPlan {
  /** Above 0, in units of the score. */
  readonly effect: number;
  readonly alpha: number;
  readonly power: number;
}

/**
 * Power of a test by the normal law, with the null variance under both hypotheses: Φ(effect √n / σ − z_α); a share s of
 * the effect reaches the wanted power if s effect √n / σ = z_α + z_power. A plan, not a verdict.
 */
export function forecast(law: NullLaw, n: number, plan: ForecastPlan): Forecast {
  const { effect, alpha, power } = plan;
  requireBetween("alpha", alpha);
  requireBetween("power", power);
  const deviation = Math.sqrt(sumMoments(law, n).variance);
  const shift = deviation > 0 ? (n * effect) / deviation : 0;
  const critical = normalQuantile(alpha);
  return {
    n,
    effect,
    power: 10 ** normalLog10Q(critical - shift),
    smallestShare: (critical + normalQuantile(1 - power)) / shift,
  };
}

/** Largest excess of a green list: of a bias δ (nats) on a share γ of equally likely tokens (Kirchenbauer et al. 2023). */
export function largestExcess(gamma: number, delta: number): number {
  requireBetween("gamma", gamma);
  requireReal("delta", delta, { min: 0, max: 700 });
  return (gamma * Math.exp(delta)) / (1 + gamma * Math.expm1(delta)) - gamma;
}
