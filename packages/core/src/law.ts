import type { NullLaw } from "./types.js";

/** Mean and variance of the sum of n coins' scores under H0; coins of one list are drawn without replacement. */
export function sumMoments(
  law: NullLaw,
  n: number,
): { readonly mean: number; readonly variance: number } {
  const { mean, variance } = moments(law);
  const size = law.kind === "bernoulli" ? law.oneList?.size : undefined;
  const correction = size === undefined || size === 1 ? 1 : Math.max(0, size - n) / (size - 1);
  return { mean: n * mean, variance: n * variance * correction };
}

/** Mean and variance of one coin's score under H0. */
export function moments(law: NullLaw): { readonly mean: number; readonly variance: number } {
  switch (law.kind) {
    case "exponential":
      return { mean: 1, variance: 1 };
    case "exponentials": {
      const [a, b] = law.means;
      return { mean: a + b, variance: a * a + b * b };
    }
    case "bernoulli":
      return { mean: law.p, variance: law.p * (1 - law.p) };
    case "bits": {
      const sum = law.weights.reduce((total, weight) => total + weight, 0);
      const squares = law.weights.reduce((total, weight) => total + weight * weight, 0);
      return { mean: law.p * sum, variance: law.p * (1 - law.p) * squares };
    }
  }
}
