import type { NullLaw } from "@verdigris/core";
import { Family } from "./family.js";
import type { Walk } from "./walk.js";
import { DisjointWindows, type FoundWindow, type Window } from "./windows.js";

/** A window of blocks [start, end) with its climb in units. */
interface Climb extends Window {
  readonly units: number;
}

/**
 * Disjoint windows that reject, most evidence first, in text order: P(any window free of marked coins is returned) ≤ α.
 * Every window of the text is looked at, by walks for several strengths of the mark. Time O(n) a walk, O(log n) walks.
 *
 * @param scores of the coins in text order (n)
 */
export function scan(law: NullLaw, scores: Float64Array, alpha: number): readonly FoundWindow[] {
  const sums = prefixSums(scores);
  const family = new Family(law, scores.length);
  const found = family.walks.flatMap((walk, i) =>
    climbs(walk, sums).map(({ start, end, units }) => ({
      start: start * walk.block,
      end: end * walk.block,
      evidence: family.evidence(i, units),
    })),
  );
  const kept = new DisjointWindows();
  for (const window of found.toSorted((a, b) => b.evidence - a.evidence || a.start - b.start)) {
    if (!kept.fits(window)) continue;
    const p = family.pValue(window.evidence, alpha);
    if (p > alpha) break;
    const log10P = p > 0 ? Math.log10(p) : -window.evidence * Math.LOG10E;
    kept.add({ start: window.start, end: window.end, log10P });
  }
  return kept.windows;
}

/**
 * All maximal climbs of a walk: the steepest window, then the steepest of what is left on either side, and so on
 * (Ruzzo and Tompa 1999). O(n).
 */
function climbs(walk: Walk, sums: Float64Array): readonly Climb[] {
  const blocks = Math.floor((sums.length - 1) / walk.block);
  const stack: { start: number; end: number; left: number; right: number; lower: number }[] = [];
  let height = 0;
  for (let b = 0; b < blocks; b++) {
    const step = walk.step(sums[(b + 1) * walk.block] - sums[b * walk.block]);
    const left = height;
    height += step;
    if (step <= 0) continue;
    const climb = { start: b, end: b + 1, left, right: height, lower: stack.length - 1 };
    for (;;) {
      while (climb.lower >= 0 && stack[climb.lower].left >= climb.left)
        climb.lower = stack[climb.lower].lower;
      if (climb.lower < 0 || stack[climb.lower].right >= climb.right) break;
      // Together with the one below it the climb is steeper than either.
      ({ start: climb.start, left: climb.left } = stack[climb.lower]);
      stack.length = climb.lower;
      climb.lower--;
    }
    stack.push(climb);
  }
  return stack.map(({ start, end, left, right }) => ({ start, end, units: right - left }));
}

/** sums[i] = scores[0] + … + scores[i−1]. (n + 1) */
export function prefixSums(scores: Float64Array): Float64Array {
  const sums = new Float64Array(scores.length + 1);
  for (let i = 0; i < scores.length; i++) sums[i + 1] = sums[i] + scores[i];
  return sums;
}
