import { type Kernel, type Key, type Profile, bindScheme, createKernel } from "@verdigris/core";
import { type Evidence, evidenceOf } from "../evidence.js";
import { requireBetween } from "../statistics/checks.js";
import { type Piece, Tally } from "../tally.js";
import { type Boundary, boundaries } from "./boundary.js";
import { prefixSums, scan } from "./scan.js";

/** A run of tokens that carries the mark. */
export interface MarkedSpan {
  /** Tokens [start, end), at their most likely. */
  readonly start: number;
  readonly end: number;
  /**
   * Credible intervals of the two ends, token indices: 95 % if the span is one run as strong as it looks. Pasted passages
   * of 30 to 300 tokens were covered .63 to .93 of the time (bench/quality/copy-paste.mjs), weak short ones least.
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
  const { law } = bindScheme(profile, key, kernel);
  const { positions, scores } = coinSequence(profile, key, { piece, kernel });
  const windows = scan(law, scores, alpha);
  const sums = prefixSums(scores);
  const tokenOf = (coin: number): number =>
    coin < positions.length ? positions[coin] : piece.tokens.length;
  return windows.map((window, i) => {
    const room = {
      start: windows[i - 1]?.end ?? 0,
      end: windows[i + 1]?.start ?? scores.length,
    };
    const { start, end } = boundaries(law, sums, { window, room });
    const inTokens = ({ low, high }: Boundary, last: 0 | 1): readonly [number, number] => [
      tokenOf(low - last) + last,
      tokenOf(high - last) + last,
    ];
    return {
      start: tokenOf(start.at),
      end: tokenOf(end.at - 1) + 1,
      startInterval: inTokens(start, 0),
      endInterval: inTokens(end, 1),
      log10P: window.log10P,
      evidence: evidenceOf(law, { n: end.at - start.at, sum: sums[end.at] - sums[start.at] }),
    };
  });
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
