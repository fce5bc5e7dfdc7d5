import type { NullLaw } from "@verdigris/core";
import {
  scoreLog10P,
  weightedBitsLog10P,
  weightedExponentialsLog10P,
} from "../statistics/index.js";

/** `n` coins of one weight. */
export interface WeightClass {
  readonly weight: number;
  readonly n: number;
}

/** log10 P(Σ ω s ≥ sum) of independent coins in classes of whole weights ω ≥ 1, exact to about 1e-12 of log10 p. */
export function weightedLog10P(law: NullLaw, classes: readonly WeightClass[], sum: number): number {
  if (classes.length === 0 || sum <= 0) return 0;
  if (classes.length === 1) return scoreLog10P(law, classes[0].n, sum / classes[0].weight);
  switch (law.kind) {
    case "bernoulli":
      return bitsLog10P(classes, { weights: [1], p: law.p }, sum);
    case "bits":
      return bitsLog10P(classes, law, sum);
    case "exponential":
      return exponentialsLog10P(classes, [1], sum);
    case "exponentials":
      return exponentialsLog10P(classes, law.means, sum);
  }
}

function bitsLog10P(
  classes: readonly WeightClass[],
  { weights, p }: { readonly weights: readonly number[]; readonly p: number },
  sum: number,
): number {
  const counts = new Map<number, number>();
  for (const each of classes) {
    for (const own of weights) {
      const weight = own * each.weight;
      counts.set(weight, (counts.get(weight) ?? 0) + each.n);
    }
  }
  const bits = [...counts].map(([weight, count]) => ({ count, weight, p }));
  return weightedBitsLog10P(bits, sum);
}

function exponentialsLog10P(
  classes: readonly WeightClass[],
  means: readonly number[],
  sum: number,
): number {
  const terms = classes.flatMap(({ weight, n }) =>
    means.map((mean) => ({ count: n, mean: weight * mean })),
  );
  return weightedExponentialsLog10P(terms, sum);
}
