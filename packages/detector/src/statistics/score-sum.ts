import type { NullLaw } from "@verdigris/core";
import { binomialLog10P } from "./binomial.js";
import { gammaLog10Q } from "./gamma.js";
import { weightedBitsLog10P } from "./weighted-bits.js";

/** Largest exponential score −ln(1−u) of a 32-bit uniform u, in nats. */
const LARGEST_EXPONENTIAL = 32 * Math.LN2;

/** log10 P(S ≥ sum) for the sum S of n coins' scores; a sum that is not attainable is rounded against detection. */
export function scoreLog10P(law: NullLaw, n: number, sum: number): number {
  switch (law.kind) {
    case "exponential":
      return gammaLog10Q(Math.max(0, sum), n);
    case "exponentials":
      return exponentialsLog10P(law.means, n, Math.max(0, sum));
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
    case "exponentials":
      return LARGEST_EXPONENTIAL * (law.means[0] + law.means[1]);
    case "bernoulli":
      return 1;
    case "bits":
      return law.weights.reduce((sum, weight) => sum + weight, 0);
  }
}

/** Equal weights make the sum a binomial count of bits. */
function bitsLog10P(law: Extract<NullLaw, { kind: "bits" }>, n: number, sum: number): number {
  const [weight] = law.weights;
  if (law.weights.some((other) => other !== weight)) return weightedBitsLog10P(law, n, sum);
  const bits = Math.max(0, Math.floor((sum / weight) * (1 + 1e-12)));
  return binomialLog10P(Math.min(bits, n * law.weights.length), n * law.weights.length, law.p);
}

/**
 * log10 P(a X + b Y ≥ sum) for independent X, Y ~ Gamma(n, 1) and a ≥ b: a Gamma with the larger mean is a mixture of
 * Gammas with the smaller one, with negative binomial weights (Moschopoulos 1985). All terms are positive; those below
 * 1e-17 of the sum are left out.
 */
function exponentialsLog10P([a, b]: readonly [number, number], n: number, sum: number): number {
  if (b === 0) return gammaLog10Q(sum / a, n);
  if (a === b) return gammaLog10Q(sum / a, 2 * n);
  const [p, log10Q] = [b / a, Math.log10(1 - b / a)];
  let log10Weight = n * Math.log10(p);
  let total = -Infinity;
  for (let k = 0; ; k++) {
    const term = log10Weight + gammaLog10Q(sum / b, 2 * n + k);
    const top = Math.max(total, term);
    total = top + Math.log10(10 ** (total - top) + 10 ** (term - top));
    const beyond = k > (n * (1 - p)) / p && term < total - 17;
    if (beyond) return Math.min(0, total);
    log10Weight += Math.log10((n + k) / (k + 1)) + log10Q;
  }
}
