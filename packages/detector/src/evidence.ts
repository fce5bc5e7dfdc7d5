import { type NullLaw, moments, sumMoments } from "@verdigris/core";
import { scoreLog10P } from "./statistics/index.js";

/** n distinct coins and the sum of their scores. */
interface Sum {
  readonly n: number;
  readonly sum: number;
}

/** Evidence of n distinct coins with a score sum. */
export interface Evidence extends Sum {
  /** log10 of the exact one-sided p-value under H0; 0 when nothing was scored. */
  readonly log10P: number;
  /** Standard score; for display only. 0 when nothing was scored. */
  readonly zScore: number;
  /** Mean score minus its expectation under H0; for a green list the excess green rate ε. */
  readonly effect: number;
}

/** The exact test of a score sum: the tail of the law of its sum (statistics.md 5). */
export function evidenceOf(law: NullLaw, { n, sum }: Sum): Evidence {
  if (n === 0) return { n, sum, log10P: 0, zScore: 0, effect: 0 };
  return {
    n,
    sum,
    log10P: scoreLog10P(law, n, sum),
    zScore: zScoreOf(law, { n, sum }),
    effect: sum / n - moments(law).mean,
  };
}

/** Standard score of a sum; 0 where it cannot vary. */
export function zScoreOf(law: NullLaw, { n, sum }: Sum): number {
  const { mean, variance } = sumMoments(law, n);
  return variance > 0 ? (sum - mean) / Math.sqrt(variance) : 0;
}

/** The same test with the excess over the mean divided by √inflation: for coins that decoys show to be dependent. */
export function widened(law: NullLaw, { n, sum }: Sum, inflation: number): number {
  const { mean } = sumMoments(law, n);
  return n === 0 ? 0 : scoreLog10P(law, n, mean + (sum - mean) / Math.sqrt(inflation));
}
