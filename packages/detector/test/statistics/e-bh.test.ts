import { describe, expect, it } from "vitest";
import {
  eBenjaminiHochberg,
  forecast,
  holm,
  largestExcess,
  requiredTokens,
} from "../../src/index.js";

describe("e-BH", () => {
  it("selects the largest k for which the k-th is large enough", () => {
    // m = 10, level 0.1: thresholds 100, 50, 33.3, 25, …
    const e = [60, 101, 34, 20, 1, 1, 1, 1, 1, 1].map(Math.log10);
    expect(eBenjaminiHochberg(e, 0.1)).toEqual([true, true, true, ...Array(7).fill(false)]);
  });

  it("selects a smaller one that a larger one does not reach on its own", () => {
    expect(eBenjaminiHochberg([45, 45].map(Math.log10), 0.1, 8)).toEqual([true, true]);
    expect(eBenjaminiHochberg([45].map(Math.log10), 0.1, 8)).toEqual([false]);
  });

  it("selects none of none", () => {
    expect(eBenjaminiHochberg([], 0.1, 5)).toEqual([]);
  });
});

describe("Holm with the smallest of m tests only", () => {
  it("gives what all m tests give", () => {
    const all = [-7, -3, -2.5, -0.3, -0.2, -0.1, 0];
    expect(holm(all.slice(0, 3), all.length)).toEqual(holm(all).slice(0, 3));
  });
});

describe("a forecast", () => {
  it("agrees with the number of tokens a test requires", () => {
    const plan = { effect: 0.05, alpha: 1e-4, power: 0.9 };
    const n = requiredTokens({ ...plan, epsilon: 0.05, gamma: 0.25 });
    const { power, smallestShare } = forecast({ kind: "bernoulli", p: 0.25 }, n, plan);
    expect(power).toBeCloseTo(0.9, 2);
    expect(smallestShare).toBeCloseTo(1, 2);
  });

  it("knows that no text has no power", () => {
    const plan = { effect: 0.05, alpha: 1e-4, power: 0.9 };
    expect(forecast({ kind: "bernoulli", p: 0.25 }, 0, plan)).toMatchObject({
      smallestShare: Infinity,
    });
  });

  it("bounds the excess of a green list", () => {
    expect(largestExcess(0.25, 2)).toBeCloseTo(0.461, 3);
    expect(largestExcess(0.25, 0)).toBe(0);
  });
});
