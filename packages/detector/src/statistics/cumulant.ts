import type { NullLaw } from "@verdigris/core";

/** ln E[e^(λ s)] of one coin's score s under a law; for an exponential law λ < 1. Convex, 0 at 0. */
export function cumulant(law: NullLaw, lambda: number): number {
  switch (law.kind) {
    case "exponential":
      return -Math.log1p(-lambda);
    case "bernoulli":
      return Math.log1p(law.p * Math.expm1(lambda));
    case "bits":
      return law.weights.reduce(
        (sum, weight) => sum + Math.log1p(law.p * Math.expm1(lambda * weight)),
        0,
      );
  }
}
