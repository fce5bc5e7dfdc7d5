import type { Interval } from "@verdigris/detector";
import { studentHalfWidth } from "./student-t.js";

/** A key's mean of two figures. */
export interface Pair {
  readonly numerator: number;
  readonly denominator: number;
}

/**
 * The ratio of two means over keys with its 95 % interval by Fieller (1954), exact for normal figures however they depend on
 * each other within a key; the interval is null with a single key, or if the denominator is not told from 0.
 */
export function ratioOf(pairs: readonly Pair[]): {
  readonly value: number;
  readonly interval: Interval | null;
} {
  const keys = pairs.length;
  const mean = (of: (pair: Pair) => number): number =>
    pairs.reduce((sum, pair) => sum + of(pair), 0) / keys;
  const top = mean(({ numerator }) => numerator);
  const bottom = mean(({ denominator }) => denominator);
  const value = top / bottom;
  if (keys < 2) return { value, interval: null };
  const spread = (of: (pair: Pair) => number): number => (mean(of) * keys) / (keys - 1);
  const varianceTop = spread(({ numerator }) => (numerator - top) ** 2);
  const varianceBottom = spread(({ denominator }) => (denominator - bottom) ** 2);
  const covariance = spread((pair) => (pair.numerator - top) * (pair.denominator - bottom));
  // |top − θ bottom| ≤ t s(θ) / √keys is a quadratic inequality a θ² − 2 b θ + c ≤ 0.
  const share = studentHalfWidth(0.95, keys - 1) ** 2 / keys;
  const a = bottom ** 2 - share * varianceBottom;
  const b = top * bottom - share * covariance;
  const c = top ** 2 - share * varianceTop;
  if (!(a > 0)) return { value, interval: null };
  const side = Math.sqrt(Math.max(0, b * b - a * c));
  return { value, interval: { lower: (b - side) / a, upper: (b + side) / a } };
}
