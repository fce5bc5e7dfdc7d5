import type { NullLaw } from "@verdigris/core";
import { binomialLog10P } from "./binomial.js";
import { gammaLog10Q } from "./gamma.js";

/** Largest exponential score −ln(1−u) of a 32-bit uniform u, in nats. */
const LARGEST_EXPONENTIAL = 32 * Math.LN2;

/** log10 P(S ≥ sum) for the sum S of n coins' scores; a sum that is not attainable is rounded against detection. */
export function scoreLog10P(law: NullLaw, n: number, sum: number): number {
  switch (law.kind) {
    case "exponential":
      return gammaLog10Q(Math.max(0, sum), n);
    case "bernoulli":
      return binomialLog10P(Math.max(0, Math.floor(sum)), n, law.p);
    case "bits":
      return bitsLog10P(law, n, sum);
  }
}

/** The largest score one coin can show. */
export function largestScore(law: NullLaw): number {
  switch (law.kind) {
    case "exponential":
      return LARGEST_EXPONENTIAL;
    case "bernoulli":
      return 1;
    case "bits":
      return law.weights.reduce((sum, weight) => sum + weight, 0);
  }
}

/** Equal weights make the sum a binomial count of bits. */
function bitsLog10P(law: Extract<NullLaw, { kind: "bits" }>, n: number, sum: number): number {
  const [weight] = law.weights;
  if (law.weights.some((other) => other !== weight)) {
    throw new RangeError("law.weights: expected equal weights, got different ones");
  }
  const bits = Math.max(0, Math.floor((sum / weight) * (1 + 1e-12)));
  return binomialLog10P(Math.min(bits, n * law.weights.length), n * law.weights.length, law.p);
}
