import type { NullLaw } from "@verdigris/core";
import { lehmer } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import {
  binomialLog10P,
  gammaLog10Q,
  hypergeometricLog10P,
  scoreLog10P,
  weightedBitsLog10P,
} from "../../src/index.js";

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

  it("is the binomial tail for one weight, whatever the weight", () => {
    for (const [k, n, p] of [
      [3, 5, 0.5],
      [300, 1000, 0.25],
      [240, 1000, 0.25],
      [1000, 1000, 0.1],
      [5100, 10_000, 0.5],
      [300_000, 1_000_000, 0.3],
    ] as const) {
      expect(weightedBitsLog10P([{ count: n, weight: 7, p }], 7 * k)).toBeCloseTo(
        binomialLog10P(k, n, p),
        10,
      );
      expect(weightedBitsLog10P([{ count: n, weight: 7, p }], 7 * k - 6)).toBeCloseTo(
        binomialLog10P(k, n, p),
        10,
      );
    }
  });

  it("refuses weights that are not whole", () => {
    const call = (): number => weightedBitsLog10P([{ count: 1, weight: 0.5, p: 0.5 }], 1);
    expect(call).toThrow(new RangeError("weight must be an integer in [0, 1048576], got 0.5"));
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

describe("the tail of one list of fixed size", () => {
  const law: NullLaw = { kind: "bernoulli", p: 0.4, oneList: { size: 10, green: 4 } };

  it("is that of every set of distinct tokens", () => {
    // 3 of 10 tokens, 4 of them green: (6 · 6 + 4) / 120 sets have two or more.
    expect(10 ** scoreLog10P(law, 3, 2)).toBeCloseTo(40 / 120, 14);
    expect(hypergeometricLog10P(3, { size: 10, green: 4, n: 3 })).toBeCloseTo(
      Math.log10(4 / 120),
      14,
    );
  });

  it("is below the binomial tail above the mean (Hoeffding 1963)", () => {
    const draw = { size: 1000, green: 250, n: 300 };
    for (let k = 90; k <= 250; k += 10) {
      expect(hypergeometricLog10P(k, draw)).toBeLessThan(binomialLog10P(k, 300, 0.25));
    }
  });

  it("is certain once all tokens were seen, and impossible above the list", () => {
    expect(scoreLog10P(law, 10, 4)).toBe(0);
    expect(hypergeometricLog10P(5, { size: 10, green: 4, n: 9 })).toBe(-Infinity);
    expect(hypergeometricLog10P(3, { size: 10, green: 4, n: 9 })).toBe(0);
  });
});
