import { requireReal } from "./checks.js";

/** Outcome of a Kolmogorov–Smirnov test. */
export interface KolmogorovSmirnov {
  /** Largest distance between the sample's distribution function and the uniform one. */
  readonly statistic: number;
  /** Two-sided tail, in [0, 1]. From 20 values on its error is below 0.015, and below 1e-4 where p < 0.05. */
  readonly p: number;
}

/**
 * Tests whether `sample`, at least one value in [0, 1], is uniform on [0, 1]: the p-values of a
 * calibrated detector on unmarked text are. Limit law with the correction of Stephens (1970).
 */
export function ksUniform(sample: Float64Array): KolmogorovSmirnov {
  const n = sample.length;
  if (n === 0) throw new RangeError("sample must hold at least one value, got 0");
  const sorted = sample.toSorted();
  let statistic = 0;
  for (let i = 0; i < n; i++) {
    const value = sorted[i];
    requireReal("sample values", value, { min: 0, max: 1 });
    statistic = Math.max(statistic, (i + 1) / n - value, value - i / n);
  }
  const root = Math.sqrt(n);
  return { statistic, p: kolmogorovTail((root + 0.12 + 0.11 / root) * statistic) };
}

/** P(K ≥ x) of the Kolmogorov law, x > 0. Each of its two series is used where four terms suffice. */
function kolmogorovTail(x: number): number {
  let sum = 0;
  if (x < 1) {
    for (let j = 1; j <= 7; j += 2) sum += Math.exp(-((j * Math.PI) ** 2) / (8 * x * x));
    return 1 - (Math.sqrt(2 * Math.PI) / x) * sum;
  }
  for (let j = 1; j <= 4; j++) sum += (j % 2 === 1 ? 2 : -2) * Math.exp(-2 * (j * x) ** 2);
  return sum;
}
