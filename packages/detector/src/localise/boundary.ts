import { type NullLaw, moments } from "@verdigris/core";
import { cumulant, tiltOf } from "../statistics/cumulant.js";
import type { Window } from "./windows.js";

/** One end of a span: the most likely place and a 95 % interval, token indices. */
export interface Boundary {
  readonly at: number;
  readonly low: number;
  readonly high: number;
}

/** The coins of a text that count, in text order. */
export interface CoinSequence {
  readonly law: NullLaw;
  /** Tokens of context of a coin. */
  readonly h: number;
  /** Token index of each coin. (n) */
  readonly positions: Uint32Array;
  /** Prefix sums of the scores. (n + 1) */
  readonly sums: Float64Array;
  /** Tokens of the text. */
  readonly tokens: number;
}

/** Largest tilt that is assumed: a mark so strong that nearly every coin shows it. */
const STRONGEST = { exponential: 0.95, exponentials: 0.95, bernoulli: 6, bits: 6 } as const;
/** Strengths the span may have, of the one its window shows: a window that was searched for looks too strong. */
const STRENGTHS = Array.from({ length: 11 }, (_, j) => 0.4 + 0.1 * j);
/** Left out at either end: less than .025, as real text is not marked evenly, which the model takes it to be. */
const TAIL = 0.01;
/** A span reaches at most this many of its window's lengths, and coins, beyond it. */
const REACH = { windows: 4, coins: 400 } as const;

/** The largest tilt of a law that is considered. */
export function strongestTilt(law: NullLaw): number {
  const scale =
    law.kind === "bits" ? Math.max(...law.weights) : law.kind === "exponentials" ? law.means[0] : 1;
  return STRONGEST[law.kind] / scale;
}

/**
 * Where a found window's span starts and ends in the text, given that it has one marked run: coins inside follow the law
 * tilted by an unknown strength, coins outside the law. Each end is judged by its posterior with a flat prior over the
 * tokens of the room, and one over strengths, whichever the other end is. A pasted passage starts h tokens before its
 * first coin and one that goes on from unmarked text at it: either is taken to be as likely.
 *
 * @param room coins the span may cover: from the end of the window before to the start of the one after
 */
export function boundaries(
  coins: CoinSequence,
  { window, room }: { readonly window: Window; readonly room: Window },
): { readonly start: Boundary; readonly end: Boundary } {
  const { positions, tokens, h } = coins;
  const reach = REACH.windows * (window.end - window.start) + REACH.coins;
  const first = Math.max(room.start, window.start - reach);
  const last = Math.min(room.end, window.end + reach);
  // An end between coins i − 1 and i may be at any token from edges[i] to before edges[i + 1].
  const edges = Uint32Array.from({ length: last - first + 2 }, (_, i) =>
    first + i === 0 ? 0 : (positions[first + i - 1] ?? tokens) + 1,
  );
  const { starts, ends } = posteriors(coins, window, { first, edges });
  const middle = positions[(window.start + window.end) >> 1];
  return {
    start: judged(inTokens(starts, edges, [0, h]), { from: 0, to: middle + 1 }),
    end: judged(inTokens(ends, edges, [0]), { from: middle + 1, to: tokens + 1 }),
  };
}

/** Log posteriors, but for a constant, that the run of marked coins starts, or ends, before each coin of the room. */
function posteriors(
  { law, sums }: CoinSequence,
  window: Window,
  { first, edges }: { readonly first: number; readonly edges: Uint32Array },
): { readonly starts: Float64Array; readonly ends: Float64Array } {
  const n = edges.length - 1;
  const starts = new Float64Array(n).fill(-Infinity);
  const ends = new Float64Array(n).fill(-Infinity);
  const width = Float64Array.from({ length: n }, (_, i) => Math.log(edges[i + 1] - edges[i]));
  const opens = (i: number): boolean => first + i < window.end;
  const closes = (i: number): boolean => first + i > window.start;
  const base = moments(law).mean;
  const shown = (sums[window.end] - sums[window.start]) / (window.end - window.start) - base;
  for (const strength of STRENGTHS) {
    const lambda = tiltOf(law, base + strength * shown, strongestTilt(law));
    const rate = cumulant(law, lambda);
    const gain = (i: number): number => lambda * sums[first + i] - (first + i) * rate;
    // Strengths are judged in proportion: a weak mark fits more places.
    const prior = Math.log(strength);
    let [later, earlier] = [-Infinity, -Infinity];
    for (let i = n - 1; i >= 0; i--) {
      if (opens(i)) starts[i] = logAdd(starts[i], later - gain(i) + prior);
      if (closes(i)) later = logAdd(later, gain(i) + width[i]);
    }
    for (let i = 0; i < n; i++) {
      if (closes(i)) ends[i] = logAdd(ends[i], earlier + gain(i) + prior);
      if (opens(i)) earlier = logAdd(earlier, width[i] - gain(i));
    }
  }
  return { starts, ends };
}

/** ln(e^a + e^b). */
function logAdd(a: number, b: number): number {
  const most = Math.max(a, b);
  return most === -Infinity ? most : most + Math.log1p(Math.exp(Math.min(a, b) - most));
}

/** What each token from `low` on has of the posterior, but for a constant. */
interface Spread {
  readonly low: number;
  readonly density: Float64Array;
}

/** Spreads logs of coins over their tokens. @param offsets how many tokens before its place between the coins the end may be */
function inTokens(logs: Float64Array, edges: Uint32Array, offsets: readonly number[]): Spread {
  const [low] = edges;
  const density = new Float64Array(edges[logs.length] - low);
  const top = logs.reduce((best, log) => Math.max(best, log), -Infinity);
  logs.forEach((log, i) => {
    for (let token = edges[i]; token < edges[i + 1]; token++)
      for (const offset of offsets)
        density[Math.max(0, token - offset - low)] += Math.exp(log - top);
  });
  return { low, density };
}

/** The place of the largest density among tokens [from, to), and where the posterior lies around it. */
function judged(
  { low, density }: Spread,
  { from, to }: { readonly from: number; readonly to: number },
): Boundary {
  const total = density.reduce((sum, value) => sum + value, 0);
  const quantile = (p: number): number => {
    let seen = 0;
    return low + density.findIndex((value) => (seen += value) > p * total);
  };
  const first = Math.max(0, from - low);
  const among = density.subarray(first, to - low);
  const at = low + first + among.indexOf(among.reduce((a, b) => Math.max(a, b), 0));
  return { at, low: Math.min(at, quantile(TAIL)), high: Math.max(at, quantile(1 - TAIL)) };
}
