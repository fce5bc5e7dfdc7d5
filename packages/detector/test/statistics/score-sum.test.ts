import type { NullLaw } from "@verdigris/core";
import { lehmer } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import { gammaLog10Q, scoreLog10P } from "../../src/index.js";
import { saddlepointLog10P } from "../../src/statistics/weighted-bits.js";

type Bits = Extract<NullLaw, { kind: "bits" }>;

/** P(S ≥ sum) by enumerating every outcome of few bits. */
function enumerated({ weights, p }: Bits, n: number, sum: number): number {
  const bits = Array.from({ length: n }, () => weights).flat();
  let total = 0;
  for (let outcome = 0; outcome < 2 ** bits.length; outcome++) {
    let [score, probability] = [0, 1];
    bits.forEach((weight, i) => {
      const one = ((outcome >>> i) & 1) === 1;
      score += one ? weight : 0;
      probability *= one ? p : 1 - p;
    });
    if (score >= sum - 1e-9) total += probability;
  }
  return total;
}

/** Weights of SynthID's weighted mean, whole numbers. */
const layers = (depth: number): number[] =>
  Array.from({ length: depth }, (_, layer) => 10 * (depth - 1) - 9 * layer);

describe("the tail of weighted bits", () => {
  it.each([0.5, 0.4])("is that of every outcome, p = %s", (p) => {
    const law: Bits = { kind: "bits", weights: [5, 3, 1], p };
    for (let sum = 0; sum <= 36; sum++) {
      expect(10 ** scoreLog10P(law, 4, sum)).toBeCloseTo(enumerated(law, 4, sum), 12);
    }
  });

  it("is the binomial tail where weights are equal", () => {
    const law: Bits = { kind: "bits", weights: [1, 1, 1], p: 0.5 };
    expect(10 ** scoreLog10P(law, 4, 9)).toBeCloseTo(enumerated(law, 4, 9), 12);
  });

  it("is within 1 % by the saddlepoint where the exact law can still be had", () => {
    const law: Bits = { kind: "bits", weights: layers(10), p: 0.5 };
    for (const sum of [5400, 6003, 6507, 7002, 8001]) {
      const ratio = 10 ** (saddlepointLog10P(law, 20, sum) - scoreLog10P(law, 20, sum));
      expect(ratio).toBeGreaterThan(0.99);
      expect(ratio).toBeLessThan(1.01);
    }
  });

  it("falls as the sum grows, down to the last outcome", () => {
    const law: Bits = { kind: "bits", weights: layers(30), p: 0.5 };
    const most = 200 * law.weights.reduce((sum, weight) => sum + weight, 0);
    const tails = Array.from({ length: 40 }, (_, i) =>
      scoreLog10P(law, 200, (most * (i + 1)) / 40),
    );
    for (let i = 1; i < tails.length; i++) expect(tails[i]).toBeLessThanOrEqual(tails[i - 1]);
    expect(tails.at(-1)).toBeCloseTo(6000 * Math.log10(0.5), 6);
  });
});

describe("the tail of a sum of two exponentials", () => {
  const law = (a: number): NullLaw => ({ kind: "exponentials", means: [a, 1 - a] });

  it("is a Gamma tail where the means are equal or one is 0", () => {
    expect(scoreLog10P(law(0.5), 10, 14)).toBeCloseTo(gammaLog10Q(28, 20), 12);
    expect(scoreLog10P({ kind: "exponentials", means: [1, 0] }, 10, 14)).toBe(gammaLog10Q(14, 10));
  });

  it("is the closed form for one coin", () => {
    const tail = (x: number): number => (0.9 * Math.exp(-x / 0.9) - 0.1 * Math.exp(-x / 0.1)) / 0.8;
    for (const x of [0.1, 1, 5, 30]) {
      expect(scoreLog10P(law(0.9), 1, x)).toBeCloseTo(Math.log10(tail(x)), 10);
    }
  });

  it("is the share of simulated sums above it", () => {
    const random = lehmer(5);
    const runs = 20_000;
    let above = 0;
    for (let run = 0; run < runs; run++) {
      let sum = 0;
      for (let i = 0; i < 30; i++)
        sum -= 0.9 * Math.log(random.next()) + 0.1 * Math.log(random.next());
      if (sum >= 36) above++;
    }
    const p = 10 ** scoreLog10P(law(0.9), 30, 36);
    expect(Math.abs(above / runs - p)).toBeLessThan(6 * Math.sqrt((p * (1 - p)) / runs));
  });
});
