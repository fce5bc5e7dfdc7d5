import { lehmer, randomTokens } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import {
  type AlignmentKey,
  EditCost,
  alignmentTest,
  binomialLog10P,
  mersenneExpKey,
  pairCost,
  pickAt,
  torchExpKey,
  torchItsKey,
} from "../src/index.js";

const V = 60;
const n = 12;
const uniform = new Float64Array(V).fill(1 / V);

/** A text that follows the rows from 4 on; one token is lost. */
function follow(key: AlignmentKey): Uint32Array {
  const whole = Uint32Array.from({ length: 20 }, (_, t) => pickAt(key, (t + 4) % n, uniform));
  return whole.filter((_, t) => t !== 9);
}

describe.each([
  ["EXP, torch", torchExpKey, 0],
  ["ITS, torch", torchItsKey, 1],
  ["EXP, Mersenne", mersenneExpKey, 0],
] as const)("%s", (_, make, gap) => {
  const fresh = (random: { next(): number }): AlignmentKey =>
    make(BigInt(Math.floor(random.next() * 2 ** 32)), { n, V });
  const test = (key: AlignmentKey, tokens: Uint32Array, seed: number): number =>
    alignmentTest(key, tokens, {
      k: tokens.length,
      gap,
      resamples: 19,
      random: lehmer(seed),
      resample: fresh,
    }).p;

  it("finds text with a lost token; p is a rank, never 0", () => {
    const key = make(42n, { n, V });
    expect(test(key, follow(key), 3)).toBe(1 / 20);
  });

  it("gives p ≤ α to at most α of the keys that the text ignores", () => {
    const tokens = randomTokens(10, V, 8);
    const KEYS = 120;
    const random = lehmer(77);
    let low = 0;
    for (let i = 0; i < KEYS; i++) if (test(fresh(random), tokens, 1000 + i) <= 0.1) low++;
    expect(binomialLog10P(low, KEYS, 0.1)).toBeGreaterThan(-9);
  });
});

describe("alignmentTest", () => {
  it("canary: a key that the text was searched with is no fresh key", () => {
    const tokens = randomTokens(10, V, 8);
    const random = lehmer(5);
    const fresh = (source: { next(): number }): AlignmentKey =>
      torchExpKey(BigInt(Math.floor(source.next() * 2 ** 32)), { n, V });
    const options = { k: 10, gap: 0, resamples: 1, random, resample: fresh };
    let low = 0;
    for (let i = 0; i < 40; i++) {
      const keys = Array.from({ length: 20 }, () => fresh(random));
      const costs = keys.map((key) => alignmentTest(key, tokens, options).cost);
      const chosen = keys[costs.indexOf(Math.min(...costs))];
      const { p } = alignmentTest(chosen, tokens, { ...options, resamples: 9 });
      if (p <= 0.1) low++;
    }
    expect(binomialLog10P(low, 40, 0.1)).toBeLessThan(-9);
  });

  it("aligns by the cheapest insertions and deletions", () => {
    const cost = (i: number, j: number): number => (i === j - 1 ? 0 : 5);
    expect(new EditCost().compute({ rows: 3, columns: 4 }, 1, cost)).toBe(1);
    const key = torchExpKey(1n, { n, V });
    const at = pairCost(key, Uint32Array.of(7))(0, 2);
    expect(at).toBeCloseTo(Math.log1p(-key.xi[2 * V + 7]), 12);
  });

  it.each([
    [{ k: 0, resamples: 1 }, /k must be/],
    [{ k: 11, resamples: 1 }, /k must be/],
    [{ k: 2, resamples: 0 }, /resamples must be/],
  ])("refuses %j by name", (sizes, message) => {
    const key = torchExpKey(1n, { n, V });
    const options = { ...sizes, gap: 0, random: lehmer(1), resample: () => key };
    expect(() => alignmentTest(key, randomTokens(10, V, 1), options)).toThrow(message);
  });
});
