/**
 * Replication over keys and seeds: y_ks = μ + a_k + e_ks, a_k the key's part and e_ks the run's (one-way random effects).
 * K keys, S runs each.
 */
import type { Replicated } from "./report.js";
import { studentHalfWidth } from "./student-t.js";

/** One run's figure, and the key it belongs to. */
export interface KeyedValue {
  readonly key: number;
  readonly value: number;
}

/**
 * The mean over keys of the means over runs, with the exact t interval of the balanced model (Searle, Casella and McCulloch
 * 1992): K − 1 degrees of freedom, whatever the two variances are.
 */
export function replicated(values: readonly KeyedValue[]): Replicated {
  const groups = new Map<number, number[]>();
  for (const { key, value } of values) groups.set(key, [...(groups.get(key) ?? []), value]);
  const byKey = [...groups.values()].map((own) => ({ own, mean: meanOf(own) }));
  const means = byKey.map(({ mean }) => mean);
  const value = meanOf(means);
  const withinSquares = byKey.reduce((sum, { own, mean }) => sum + squaresAround(own, mean), 0);
  const [K, N] = [means.length, values.length];
  const within = N > K ? Math.sqrt(withinSquares / (N - K)) : null;
  if (K < 2) return { value, interval: null, keys: K, runs: N, between: null, within };
  const variance = squaresAround(means, value) / (K - 1);
  const side = studentHalfWidth(0.95, K - 1) * Math.sqrt(variance / K);
  const runs = N / K;
  const ofRuns = within === null ? 0 : within ** 2 / runs;
  return {
    value,
    interval: { lower: value - side, upper: value + side },
    keys: K,
    runs: N,
    between: within === null ? null : Math.sqrt(Math.max(0, variance - ofRuns)),
    within,
  };
}

function squaresAround(values: readonly number[], mean: number): number {
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The middle value, or the mean of the two middle ones. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
