import { type Kernel, type Key, type Profile, bindScheme, createKernel } from "@verdigris/core";
import { type Evidence, evidenceOf } from "../evidence.js";
import { requireBetween } from "../statistics/checks.js";
import { type Piece, Tally } from "../tally.js";
import { type CoinSequence, boundaries } from "./boundary.js";
import { prefixSums, scan } from "./scan.js";

/** A run of tokens that carries the mark. */
export interface MarkedSpan {
  /** Tokens [start, end), at their most likely. */
  readonly start: number;
  readonly end: number;
  /**
   * 95 % intervals of the two ends, token indices, if the span is one marked run. Of passages that are found with a chance of f
   * only, a share of up to α / f is found by the text around them alone, and then has its ends: the intervals of
   * passages of 20 tokens cover that much less (`bench/quality/copy-paste.mjs`).
   */
  readonly startInterval: readonly [number, number];
  readonly endInterval: readonly [number, number];
  /** log10 of the family-wise p-value of the window that was found. */
  readonly log10P: number;
  /** The coins of the span; after the search its own p-value is for display only. */
  readonly evidence: Evidence;
}

/**
 * Which parts of a text are marked. P(any span is reported in a text free of the mark) ≤ α: every window is looked at,
 * and p is the chance that the steepest of all climbs as high (`scan`). The ends of a span are the most likely ones given
 * the window that rejected.
 *
 * @throws RangeError for α outside (0, 1) or a token id ≥ V
 */
export function localise(
  profile: Profile,
  key: Key,
  piece: Piece,
  options: { readonly alpha?: number; readonly kernel?: Kernel } = {},
): readonly MarkedSpan[] {
  const { alpha = 1e-3, kernel = createKernel() } = options;
  requireBetween("alpha", alpha);
  const { law, h } = bindScheme(profile, key, kernel);
  const { positions, scores } = coinSequence(profile, key, { piece, kernel });
  const windows = scan(law, scores, alpha);
  const coins = { law, h, positions, sums: prefixSums(scores), tokens: piece.tokens.length };
  const ends = windows.map((window, i) =>
    boundaries(coins, {
      window,
      room: { start: windows[i - 1]?.end ?? 0, end: windows[i + 1]?.start ?? scores.length },
    }),
  );
  return ends.map(({ start, end }, i) => {
    const from = Math.max(start.at, ends[i - 1]?.end.at ?? 0);
    return {
      start: from,
      end: end.at,
      startInterval: [start.low, Math.max(start.high, from)],
      endInterval: [end.low, end.high],
      log10P: windows[i].log10P,
      evidence: evidenceOf(law, countWithin(coins, from, end.at)),
    };
  });
}

/** The coins of tokens start … end − 1. */
function countWithin(
  { positions, sums }: CoinSequence,
  start: number,
  end: number,
): { readonly n: number; readonly sum: number } {
  const first = firstFrom(positions, start);
  const last = firstFrom(positions, end);
  return { n: last - first, sum: sums[last] - sums[first] };
}

/** The first coin at this token or later. */
function firstFrom(positions: Uint32Array, token: number): number {
  let [low, high] = [0, positions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (positions[middle] < token) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The coins that count, in text order, with their token positions. */
function coinSequence(
  profile: Profile,
  key: Key,
  { piece, kernel }: { readonly piece: Piece; readonly kernel: Kernel },
): { readonly positions: Uint32Array; readonly scores: Float64Array } {
  const positions = new Uint32Array(piece.tokens.length);
  const scores = new Float64Array(piece.tokens.length);
  let n = 0;
  const tally = new Tally(bindScheme(profile, key, kernel), {
    observe(at, score, count) {
      positions.set(at.subarray(0, count), n);
      scores.set(score.subarray(0, count), n);
      n += count;
    },
  });
  tally.add(piece);
  return { positions: positions.subarray(0, n), scores: scores.subarray(0, n) };
}
