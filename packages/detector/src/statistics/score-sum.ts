import type { NullLaw } from "@verdigris/core";
import { binomialLog10P } from "./binomial.js";
import { gammaLog10Q } from "./gamma.js";
import { hypergeometricLog10P } from "./hypergeometric.js";
import { weightedBitsLog10P, weightedExponentialsLog10P } from "./weighted-sum.js";

/** Largest exponential score −ln(1−u) of a 32-bit uniform u, in nats. */
const LARGEST_EXPONENTIAL = 32 * Math.LN2;

/** log10 P(S ≥ sum) for the sum S of n coins' scores; a sum that is not attainable is rounded against detection. */
export function scoreLog10P(law: NullLaw, n: number, sum: number): number {
  switch (law.kind) {
    case "exponential":
      return gammaLog10Q(Math.max(0, sum), n);
    case "exponentials":
      return exponentialsLog10P(law.means, n, sum);
    case "bernoulli":
      return greenLog10P(law, n, Math.max(0, Math.floor(sum)));
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

/** The largest sum n coins can show. */
export function largestSum(law: NullLaw, n: number): number {
  const green = law.kind === "bernoulli" ? law.oneList?.green : undefined;
  return Math.min(n, green ?? n) * largestScore(law);
}

/** Coins of one list are drawn without replacement; those of many lists are independent. */
function greenLog10P(
  { p, oneList }: Extract<NullLaw, { kind: "bernoulli" }>,
  n: number,
  k: number,
): number {
  return oneList === undefined || n > oneList.size
    ? binomialLog10P(k, n, p)
    : hypergeometricLog10P(k, { ...oneList, n });
}

/** Equal weights make the sum a binomial count of bits. */
function bitsLog10P(
  { weights, p }: Extract<NullLaw, { kind: "bits" }>,
  n: number,
  sum: number,
): number {
  const [first] = weights;
  if (weights.some((other) => other !== first)) {
    const bits = [...new Set(weights)].map((weight) => {
      const times = weights.filter((other) => other === weight).length;
      return { count: n * times, weight, p };
    });
    return weightedBitsLog10P(bits, sum);
  }
  const ones = Math.max(0, Math.floor((sum / first) * (1 + 1e-12)));
  return binomialLog10P(Math.min(ones, n * weights.length), n * weights.length, p);
}

/** Equal means, or one of 0, leave a gamma law. */
function exponentialsLog10P([a, b]: readonly [number, number], n: number, sum: number): number {
  if (b === 0) return gammaLog10Q(Math.max(0, sum) / a, n);
  if (a === b) return gammaLog10Q(Math.max(0, sum) / a, 2 * n);
  return weightedExponentialsLog10P(
    [
      { count: n, mean: a },
      { count: n, mean: b },
    ],
    sum,
  );
}
