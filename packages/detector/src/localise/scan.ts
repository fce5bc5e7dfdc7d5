import type { NullLaw } from "@verdigris/core";
import { familyFor } from "./family.js";
import type { Walk } from "./walk.js";
import { DisjointWindows, type FoundWindow, type Window } from "./windows.js";

/** A window of blocks [start, end). */
interface Climb extends Window {
  /** Its own likelihood ratio, units. */
  readonly climb: number;
}

/**
 * Disjoint windows that reject, most evidence first, in text order: P(any window free of marked coins is returned) ≤ α.
 * Every window of the text is looked at, by walks for several strengths of the mark. Time O(n) a walk, O(log n) walks.
 *
 * @param scores of the coins in text order (n)
 */
export function scan(law: NullLaw, scores: Float64Array, alpha: number): readonly FoundWindow[] {
  const sums = prefixSums(scores);
  const family = familyFor(law, scores.length);
  const found = family.walks.flatMap((walk, i) =>
    heights(walk, sums, (units) => family.evidence(i, units) >= 0).map(({ start, end, units }) => ({
      start: start * walk.block,
      end: end * walk.block,
      evidence: family.evidence(i, units),
    })),
  );
  const kept = new DisjointWindows();
  for (const window of found.toSorted((a, b) => b.evidence - a.evidence || a.start - b.start)) {
    if (!kept.fits(window)) continue;
    const p = family.pValue(window.evidence, alpha, scores.length);
    if (p > alpha) break;
    const log10P = p > 0 ? Math.log10(p) : -window.evidence * Math.LOG10E;
    kept.add({ start: window.start, end: window.end, log10P });
  }
  return kept.windows;
}

/**
 * The maximal climbs of a walk with its height at their ends. It starts anew after a climb that is `steep`: what is found
 * further on owes nothing to it.
 */
function heights(
  walk: Walk,
  sums: Float64Array,
  steep: (units: number) => boolean,
): readonly (Window & { readonly units: number })[] {
  let [b, height] = [0, -Infinity];
  return climbs(walk, sums).map(({ start, end, climb }) => {
    for (; b < end; b++) height = walk.carry(height) + stepOf(walk, sums, b);
    const found = { start, end, units: height };
    if (steep(climb)) height = -Infinity;
    return found;
  });
}

function stepOf(walk: Walk, sums: Float64Array, block: number): number {
  return walk.step(sums[(block + 1) * walk.block] - sums[block * walk.block]);
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
    const step = stepOf(walk, sums, b);
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
  return stack.map(({ start, end, left, right }) => ({ start, end, climb: right - left }));
}

/** sums[i] = scores[0] + … + scores[i−1]. (n + 1) */
export function prefixSums(scores: Float64Array): Float64Array {
  const sums = new Float64Array(scores.length + 1);
  for (let i = 0; i < scores.length; i++) sums[i + 1] = sums[i] + scores[i];
  return sums;
}
