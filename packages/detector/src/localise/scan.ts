import { type NullLaw, moments } from "@verdigris/core";
import { scoreLog10P } from "../statistics/index.js";

/** Shortest window, in coins: below it no test rejects at usual levels. */
const SHORTEST = 8;
/** Each window length is this much longer than the last. */
const GROWTH = 1.25;
/** Windows of a length start a fraction of it apart. */
const STEPS = 8;

/** A run of coins [start, end) in text order. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/** A window that rejects, with its family-wise p-value. */
export interface FoundWindow extends Window {
  /** log10 of p times the number of windows and scales it stands against; the smallest over all holds family-wise. */
  readonly log10P: number;
}

/** Lengths tried on n coins: 8, 10, 12, 16, … n. */
export function windowLengths(n: number): readonly number[] {
  const lengths: number[] = [];
  for (let length = SHORTEST; length < n; length = Math.ceil(length * GROWTH)) lengths.push(length);
  if (n > 0) lengths.push(n);
  return lengths;
}

/**
 * Windows of geometrically growing lengths whose exact p-value, by Bonferroni over all windows of all lengths, is at
 * most α: P(any window free of marked coins is returned) ≤ α, whatever the dependence between overlapping windows.
 * Every length has the same share of α, so long spans do not pay for the many short windows. There are
 * O(n / SHORTEST) windows in all, and only those with an excess pay for a tail.
 *
 * @param scores of the coins in text order (n)
 */
export function scan(law: NullLaw, scores: Float64Array, alpha: number): readonly FoundWindow[] {
  const sums = prefixSums(scores);
  const lengths = windowLengths(scores.length);
  const { mean, variance } = moments(law);
  const found: FoundWindow[] = [];
  for (const length of lengths) {
    const starts = startsOf(scores.length, length);
    const correction = Math.log10(lengths.length * starts.length);
    // A window with less than half of the normal tail's excess cannot reject: skips most tails.
    const least = length * mean + 0.5 * Math.sqrt(length * variance);
    for (const start of starts) {
      const sum = sums[start + length] - sums[start];
      if (sum < least) continue;
      const log10P = scoreLog10P(law, length, sum) + correction;
      if (log10P <= Math.log10(alpha)) found.push({ start, end: start + length, log10P });
    }
  }
  return found;
}

/** Disjoint windows: the most significant first, then whatever does not touch it, and so on; in text order. */
export function disjoint(windows: readonly FoundWindow[]): readonly FoundWindow[] {
  const kept: FoundWindow[] = [];
  for (const window of windows.toSorted((a, b) => a.log10P - b.log10P)) {
    if (kept.every(({ start, end }) => window.end <= start || window.start >= end))
      kept.push(window);
  }
  return kept.toSorted((a, b) => a.start - b.start);
}

/** sums[i] = scores[0] + … + scores[i−1]. (n + 1) */
export function prefixSums(scores: Float64Array): Float64Array {
  const sums = new Float64Array(scores.length + 1);
  for (let i = 0; i < scores.length; i++) sums[i + 1] = sums[i] + scores[i];
  return sums;
}

function startsOf(n: number, length: number): readonly number[] {
  const step = Math.max(1, Math.floor(length / STEPS));
  const starts: number[] = [];
  for (let start = 0; start + length < n; start += step) starts.push(start);
  return [...starts, n - length];
}
