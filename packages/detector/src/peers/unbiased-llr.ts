/**
 * The maximin log-likelihood ratio of Hu et al. 2023: per token, ln Q − ln P clipped so that the test keeps its power
 * for every law within a total-variation distance d of Q. K tokens.
 */
export interface RobustRatio {
  /** ln Q/P of each token, unclipped. (K) */
  readonly llr: Float64Array;
  /** Upper clip for each d, and lower clip. (D) */
  readonly max: Float64Array;
  readonly min: Float64Array;
}

/** @param distances of total variation, ascending from 0 */
export function robustRatio(
  p: Float64Array,
  q: Float64Array,
  distances: readonly number[],
): RobustRatio {
  const llr = p.map((mass, i) => Math.log(q[i] / mass));
  const top = llr.reduce((best, value) => Math.max(best, value), -Infinity);
  const bottom = llr.reduce((least, value) => Math.min(least, value), Infinity);
  const excess = (c: number): number =>
    q.reduce((sum, mass, i) => sum + Math.max(0, mass - c * p[i]), 0);
  const lack = (c: number): number =>
    p.reduce((sum, mass, i) => sum + Math.max(0, c * mass - q[i]), 0);
  return {
    llr,
    max: Float64Array.from(distances, (d) =>
      solved(Math.max(0, top), 0, (at) => excess(Math.exp(at)) <= d),
    ),
    min: Float64Array.from(distances, (d) =>
      solved(Math.min(0, bottom), 0, (at) => lack(Math.exp(at)) <= d),
    ),
  };
}

/** The clip nearest to 0 that still holds, by bisection from one that does. */
function solved(from: number, to: number, holds: (at: number) => boolean): number {
  if (holds(to)) return to;
  let [good, bad] = [from, to];
  for (let i = 0; i < 60; i++) {
    const middle = (good + bad) / 2;
    if (holds(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

/** log10 p of the best clipped sum S over `n` grid points: p ≤ n e^(−S), never above 1. MarkLLM counts 10 of 11 points. */
export function robustLog10P(sum: number, n: number): number {
  return Math.min(0, Math.log10(n) - sum * Math.LOG10E);
}
