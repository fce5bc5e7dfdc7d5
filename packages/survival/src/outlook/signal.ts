import type { NullLaw } from "@verdigris/core";
import type { Estimate, Signal } from "./prediction.js";

/** What the audited windows promise: each one's expected excess at gain 1, and its weight. (n) */
export interface WeightedWindows {
  readonly excess: Float64Array;
  /** Not negative. */
  readonly weight: Float64Array;
}

/**
 * The signal of a test that weighs windows: mean excess Σωε/Σω and efficiency (Σω)²/(nΣω²), so that
 * z = √N Σωε / (σ √(n Σω²)), largest for ω ∝ ε (Neyman and Pearson 1933). `scale` multiplies every excess: the gain A and the
 * factors of attacks. The interval holds the scale's and the sampling error of the windows.
 */
export function signalOf(
  { excess, weight }: WeightedWindows,
  scale: Estimate,
  law?: NullLaw,
): Signal {
  const n = excess.length;
  let [sum, squares, product] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    sum += weight[i];
    squares += weight[i] ** 2;
    product += weight[i] * excess[i];
  }
  if (squares === 0) return { excess: { value: 0, lower: 0, upper: 0 }, efficiency: 1 };
  const mean = product / sum;
  let deviations = 0;
  for (let i = 0; i < n; i++) deviations += (weight[i] * (excess[i] - mean)) ** 2;
  const sampling = (1.96 * Math.sqrt(deviations)) / sum;
  const value = scale.value * mean;
  const side = (end: number): number =>
    Math.hypot((scale.value - end) * mean, scale.value * sampling);
  const noise = noiseOf({ excess, weight }, scale.value, law);
  return {
    excess: { value, lower: value - side(scale.lower), upper: value + side(scale.upper) },
    efficiency: sum ** 2 / (n * squares),
    ...(noise !== null && { noise }),
  };
}

/** Of coins that score with probability p + ε each; null for a law that does not say how scores vary with their mean. */
function noiseOf(
  { excess, weight }: WeightedWindows,
  scale: number,
  law: NullLaw | undefined,
): number | null {
  if (law?.kind !== "bernoulli") return null;
  let [marked, unmarked] = [0, 0];
  for (let i = 0; i < excess.length; i++) {
    const p = Math.min(1, Math.max(0, law.p + scale * excess[i]));
    marked += weight[i] ** 2 * p * (1 - p);
    unmarked += weight[i] ** 2 * law.p * (1 - law.p);
  }
  return Math.sqrt(marked / unmarked);
}

/** An estimate times a number known exactly. */
export function scaled({ value, lower, upper }: Estimate, by: number): Estimate {
  return { value: value * by, lower: lower * by, upper: upper * by };
}
