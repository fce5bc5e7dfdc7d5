import type { NullLaw } from "@verdigris/core";
import { binomialLog10P, gammaLog10Q } from "./statistics/index.js";

/** Evidence of n distinct coins with a score sum. */
export interface Evidence {
  readonly n: number;
  readonly sum: number;
  /** log10 of the exact one-sided p-value under H0; 0 when nothing was scored. */
  readonly log10P: number;
  /** Standard score; for display only. 0 when nothing was scored. */
  readonly zScore: number;
  /** Mean score minus its expectation under H0; for a green list the excess green rate ε. */
  readonly effect: number;
}

/** Mean and variance of one coin's score under H0. */
export function moments(law: NullLaw): { readonly mean: number; readonly variance: number } {
  if (law.kind === "exponential") return { mean: 1, variance: 1 };
  return { mean: law.p, variance: law.p * (1 - law.p) };
}

/** The exact test of a score sum: binomial tail for green lists, gamma tail for Gumbel (statistics.md 5). */
export function evidenceOf(
  law: NullLaw,
  count: { readonly n: number; readonly sum: number },
): Evidence {
  const { n, sum } = count;
  if (n === 0) return { n, sum, log10P: 0, zScore: 0, effect: 0 };
  const { mean, variance } = moments(law);
  return {
    n,
    sum,
    log10P: tail(law, n, sum),
    zScore: (sum - n * mean) / Math.sqrt(n * variance),
    effect: sum / n - mean,
  };
}

/** The same test with the excess over the mean divided by √inflation: for coins that decoys show to be dependent. */
export function widened(law: NullLaw, evidence: Evidence, inflation: number): number {
  const expected = evidence.n * moments(law).mean;
  const sum = expected + (evidence.sum - expected) / Math.sqrt(inflation);
  return evidence.n === 0 ? 0 : tail(law, evidence.n, sum);
}

/** log10 P(S ≥ sum); a green count that is not whole is rounded down, against detection. */
function tail(law: NullLaw, n: number, sum: number): number {
  if (law.kind === "exponential") return gammaLog10Q(Math.max(0, sum), n);
  return binomialLog10P(Math.max(0, Math.floor(sum)), n, law.p);
}
