import type { NullLaw } from "@verdigris/core";
import { cumulant, tiltedMean } from "../statistics/cumulant.js";
import { normalLog10Q } from "../statistics/normal.js";
import { scoreLog10P } from "../statistics/score-sum.js";

/** `n` coins of one weight. */
export interface WeightClass {
  readonly weight: number;
  readonly n: number;
}

const STEP = 1e-4;

/**
 * log10 P(Σ ω s ≥ sum) of coins in classes of whole weights ω ≥ 1: exact for one class, else Lugannani and Rice's (1980)
 * saddlepoint approximation, which is within 1 % of p for a few dozen coins.
 */
export function weightedLog10P(law: NullLaw, classes: readonly WeightClass[], sum: number): number {
  if (classes.length === 0 || sum <= 0) return 0;
  if (classes.length === 1) return scoreLog10P(law, classes[0].n, sum / classes[0].weight);
  const total = (of: (each: WeightClass) => number): number =>
    classes.reduce((all, each) => all + each.n * of(each), 0);
  const K = (tilt: number): number => total(({ weight }) => cumulant(law, tilt * weight));
  const slope = (tilt: number): number =>
    total(({ weight }) => weight * tiltedMean(law, tilt * weight));
  const curvature = (tilt: number): number =>
    (slope(tilt * (1 + STEP)) - slope(tilt * (1 - STEP))) / (2 * STEP * tilt);
  const heaviest = Math.max(...classes.map(({ weight }) => weight));
  const unbounded = law.kind === "exponential" || law.kind === "exponentials";
  const unit = law.kind === "exponentials" ? law.means[0] : 1;
  const tilt = crossing(slope, sum, (unbounded ? 1 - 1e-12 : 700) / heaviest / unit);
  const w = Math.sqrt(Math.max(0, 2 * (tilt * sum - K(tilt))));
  if (w < 1e-2) {
    const small = STEP / heaviest;
    return normalLog10Q((sum - slope(0)) / Math.sqrt(curvature(small)));
  }
  // Sums of whole scores lie on multiples of a step d: (1 − e^(−λd))/d instead of λ (Daniels 1987).
  const step = classes.reduce((common, { weight }) => divisor(weight, common), 0);
  const rise = isWhole(law) ? -Math.expm1(-tilt * step) / step : tilt;
  const u = rise * Math.sqrt(curvature(tilt));
  const log10Density = -(w * w) / 2 / Math.LN10 - Math.log10(Math.sqrt(2 * Math.PI));
  const mills = 10 ** (normalLog10Q(w) - log10Density);
  return Math.min(0, log10Density + Math.log10(mills + 1 / u - 1 / w));
}

/** Whether a score is a whole number. */
function isWhole(law: NullLaw): boolean {
  return law.kind === "bernoulli" || (law.kind === "bits" && law.weights.every(Number.isInteger));
}

/** Where a growing function reaches a value in [0, most], by bisection; 0 if it does at once. */
function crossing(of: (x: number) => number, value: number, most: number): number {
  let [low, high] = [0, most];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (of(middle) < value) low = middle;
    else high = middle;
  }
  return low;
}

/** Greatest common divisor of whole numbers; of a and 0, a. */
function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}
