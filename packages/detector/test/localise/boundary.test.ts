import { lehmer } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import { type CoinSequence, boundaries, strongestTilt } from "../../src/localise/boundary.js";
import { prefixSums, scan } from "../../src/localise/scan.js";
import type { Window } from "../../src/localise/windows.js";
import { cumulant, tiltOf } from "../../src/statistics/cumulant.js";

type Law = Parameters<typeof scan>[0];
type Interval = readonly [number, number];

/** Draws a coin's score, marked with some strength in [0, 1] or not. */
const LAWS: readonly {
  readonly law: Law;
  readonly draw: (u: number, strength: number) => number;
}[] = [
  {
    law: { kind: "bernoulli", p: 0.25 },
    draw: (u, strength) => (u < 0.25 + 0.6 * strength ? 1 : 0),
  },
  { law: { kind: "exponential" }, draw: (u, strength) => -Math.log(1 - u) * (1 + 2 * strength) },
];

const ALPHA = 0.01;

/** A marked passage of some lengths in a text of 800 tokens, of which one in five has a coin that was seen before. */
function pasted(
  { law, draw }: (typeof LAWS)[number],
  { h, seed, lengths: [least, most] }: { h: number; seed: number; lengths: Interval },
) {
  const random = lehmer(seed);
  const tokens = 800;
  const start = 200 + Math.floor(300 * random.next());
  const end = start + least + Math.floor((most - least) * random.next());
  const strength = 0.4 + 0.6 * random.next();
  // Half go on from the text before them, so that their first windows are marked too.
  const first = start + (random.next() < 0.5 ? h : 0);
  const [positions, scores]: [number[], number[]] = [[], []];
  for (let at = h; at < tokens; at++) {
    if (random.next() < 0.2) continue;
    positions.push(at);
    scores.push(draw(random.next(), at >= first && at < end ? strength : 0));
  }
  const coins = {
    law,
    h,
    tokens,
    positions: Uint32Array.from(positions),
    sums: prefixSums(Float64Array.from(scores)),
  };
  const windows = scan(law, Float64Array.from(scores), ALPHA);
  return { coins, start, end, windows };
}

/** The rule before: the mark is as strong as its window shows, and its first coin is its first token. */
function plugIn({ law, sums, positions, tokens }: CoinSequence, { start, end }: Window) {
  const lambda = tiltOf(law, (sums[end] - sums[start]) / (end - start), strongestTilt(law));
  const rate = cumulant(law, lambda);
  const middle = (start + end) >> 1;
  const interval = (from: number, to: number, sign: 1 | -1): Interval => {
    const logs = Array.from({ length: to - from + 1 }, (_, i) => {
      return sign * (lambda * sums[from + i] - (from + i) * rate);
    });
    const top = Math.max(...logs);
    const likelihood = logs.map((log) => Math.exp(log - top));
    const total = likelihood.reduce((a, b) => a + b, 0);
    const quantile = (p: number): number => {
      let seen = 0;
      return from + likelihood.findIndex((value) => (seen += value) >= p * total);
    };
    return [quantile(0.025), quantile(0.975)];
  };
  const token = (coin: number): number => positions[coin] ?? tokens;
  const [a, b] = interval(0, middle, -1);
  const [c, d] = interval(middle + 1, positions.length, 1);
  const of = (low: number, high: number) => ({ low, high });
  return { start: of(token(a), token(b)), end: of(token(c - 1) + 1, token(d - 1) + 1) };
}

/** Shares of the ends of found passages of some lengths that lie in the intervals of either rule. */
function coverage(h: number, lengths: Interval, laws = LAWS) {
  const runs = 400;
  const covered = { ours: 0, plugIn: 0 };
  let ends = 0;
  for (let run = 0; run < runs; run++) {
    const seed = 1000 * h + run + 1;
    const { coins, start, end, windows } = pasted(laws[run % laws.length], { h, seed, lengths });
    const [window, ...others] = windows;
    if (window === undefined || others.length > 0) continue;
    ends += 2;
    const room = { start: 0, end: coins.positions.length };
    const count = (found: ReturnType<typeof plugIn>): number =>
      Number(found.start.low <= start && start <= found.start.high) +
      Number(found.end.low <= end && end <= found.end.high);
    covered.ours += count(boundaries(coins, { window, room }));
    covered.plugIn += count(plugIn(coins, window));
  }
  const found = ends / (2 * runs);
  return { ours: covered.ours / ends, plugIn: covered.plugIn / ends, ends, found };
}

describe("the ends of a span", () => {
  it.each([1, 4])("are within their intervals 95 times in 100: h = %i", (h) => {
    const { ours, plugIn: canary, ends } = coverage(h, [30, 80]);
    const standardError = Math.sqrt((0.05 * 0.95) / ends);
    expect(ends).toBeGreaterThan(500);
    expect(ours).toBeGreaterThan(0.95 - 2 * standardError);
    expect(ours).toBeLessThan(0.99);
    // Canary: the rule that takes the strength for known is found out.
    expect(canary).toBeLessThan(0.95 - 3 * standardError);
  });

  it("of short passages, few of which are found, miss at most by α over what is found more often", () => {
    const { ours, plugIn: canary, ends, found } = coverage(1, [15, 25], LAWS.slice(0, 1));
    // Of what is found a share of up to α / found is there by chance alone, with ends of its own.
    const guaranteed = 0.95 - ALPHA / found;
    const standardError = Math.sqrt((0.05 * 0.95) / (ends / 2));
    expect(found).toBeLessThan(0.5);
    expect(ours).toBeGreaterThan(guaranteed - 2 * standardError);
    expect(canary).toBeLessThan(guaranteed - 2 * standardError);
  });

  it("of windows of one coin, at the edges of a text, lie in the text and in order", () => {
    const coins = {
      law: { kind: "bernoulli", p: 0.25 } as const,
      h: 4,
      tokens: 10,
      positions: Uint32Array.of(4, 6, 9),
      sums: prefixSums(Float64Array.of(1, 1, 1)),
    };
    for (const at of [0, 1, 2]) {
      const { start, end } = boundaries(coins, {
        window: { start: at, end: at + 1 },
        room: { start: at, end: at + 1 },
      });
      expect(start.low).toBeGreaterThanOrEqual(0);
      expect(start.low).toBeLessThanOrEqual(start.at);
      expect(start.at).toBeLessThanOrEqual(start.high);
      expect(start.at).toBeLessThan(end.at);
      expect(end.low).toBeLessThanOrEqual(end.at);
      expect(end.at).toBeLessThanOrEqual(end.high);
      expect(end.high).toBeLessThanOrEqual(10);
    }
  });
});
