import type { NullLaw } from "@verdigris/core";

/** ln E[e^(λ s)] of one coin's score s under a law; λ times an exponential mean must be below 1. Convex, 0 at 0. */
export function cumulant(law: NullLaw, lambda: number): number {
  switch (law.kind) {
    case "exponential":
      return -Math.log1p(-lambda);
    case "exponentials":
      return -law.means.reduce((sum, mean) => sum + Math.log1p(-lambda * mean), 0);
    case "bernoulli":
      return Math.log1p(law.p * Math.expm1(lambda));
    case "bits":
      return law.weights.reduce(
        (sum, weight) => sum + Math.log1p(law.p * Math.expm1(lambda * weight)),
        0,
      );
  }
}

/** Derivative of the cumulant: mean score under the law tilted by λ. Grows with λ. */
export function tiltedMean(law: NullLaw, lambda: number): number {
  const bit = (p: number, at: number): number => p / (p + (1 - p) * Math.exp(-at));
  switch (law.kind) {
    case "exponential":
      return 1 / (1 - lambda);
    case "exponentials":
      return law.means.reduce((sum, mean) => sum + mean / (1 - lambda * mean), 0);
    case "bernoulli":
      return bit(law.p, lambda);
    case "bits":
      return law.weights.reduce((sum, weight) => sum + weight * bit(law.p, lambda * weight), 0);
  }
}

/** The tilt λ ≥ 0 whose mean score is `mean`, at most `most`; 0 if the law's own mean is larger. By bisection. */
export function tiltOf(law: NullLaw, mean: number, most: number): number {
  let [low, high] = [0, most];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (tiltedMean(law, middle) < mean) low = middle;
    else high = middle;
  }
  return low;
}
