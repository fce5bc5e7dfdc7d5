import { type NullLaw, moments } from "@verdigris/core";
import { scoreLog10P } from "./statistics/index.js";

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

/** The exact test of a score sum: the tail of the law of its sum (statistics.md 5). */
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
    log10P: scoreLog10P(law, n, sum),
    zScore: (sum - n * mean) / Math.sqrt(n * variance),
    effect: sum / n - mean,
  };
}

/** The same test with the excess over the mean divided by √inflation: for coins that decoys show to be dependent. */
export function widened(law: NullLaw, evidence: Evidence, inflation: number): number {
  const expected = evidence.n * moments(law).mean;
  const sum = expected + (evidence.sum - expected) / Math.sqrt(inflation);
  return evidence.n === 0 ? 0 : scoreLog10P(law, evidence.n, sum);
}
