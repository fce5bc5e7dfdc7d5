import fc from "fast-check";
import { binomialLog10P, requiredTokens } from "@verdigris/detector";
import { describe, expect, it } from "vitest";
import { type Signal, predict, signalOf, tokensToDecide } from "../../src/index.js";

const LAW = { kind: "bernoulli", p: 0.25 } as const;
const RULE = { alpha: 1e-5, power: 0.9 };
const exactly = (value: number): Signal => ({
  excess: { value, lower: value, upper: value },
  efficiency: 1,
});

describe("a prediction", () => {
  it("needs the tokens of the formula, and reaches the wanted power with them", () => {
    for (const epsilon of [0.05, 0.02, 0.01, 0.005]) {
      const plan = { epsilon, gamma: 0.25, ...RULE };
      const tokens = tokensToDecide(LAW, exactly(epsilon), RULE);
      expect(tokens).toEqual({
        value: requiredTokens(plan),
        lower: requiredTokens(plan),
        upper: requiredTokens(plan),
      });
      const { power, kind } = predict(LAW, exactly(epsilon), { n: requiredTokens(plan), ...RULE });
      expect(kind).toBe("planned");
      expect(Math.abs(power - 0.9)).toBeLessThan(1e-3);
    }
  });

  it("agrees with the table of survival under distillation: .05 → 2.3k, .01 → 57.7k tokens", () => {
    expect(tokensToDecide(LAW, exactly(0.05), RULE)?.value).toBe(2308);
    expect(tokensToDecide(LAW, exactly(0.01), RULE)?.value).toBe(57_681);
  });

  it("is refused where the power is below one half, and only there", () => {
    const half = tokensToDecide(LAW, exactly(0.02), { alpha: 1e-5, power: 0.5 })?.value ?? 0;
    expect(predict(LAW, exactly(0.02), { n: half - 100, alpha: 1e-5 }).kind).toBe("refused");
    expect(predict(LAW, exactly(0.02), { n: half + 100, alpha: 1e-5 }).kind).toBe("planned");
  });

  it("has no tokens to name where no excess is expected, and no upper end where none is possible", () => {
    expect(tokensToDecide(LAW, exactly(0), RULE)).toBeNull();
    const wide = { excess: { value: 0.01, lower: 0, upper: 0.02 }, efficiency: 1 };
    expect(tokensToDecide(LAW, wide, RULE)).toMatchObject({ upper: null });
  });

  it("property: the interval holds the value and widens with the gain's; half the efficiency doubles N*", () => {
    const epsilon = fc.double({ min: 1e-3, max: 0.3, noNaN: true });
    const n = fc.integer({ min: 50, max: 1e6 });
    fc.assert(
      fc.property(epsilon, n, (value, tokens) => {
        const wide = { excess: { value, lower: value / 2, upper: 1.5 * value }, efficiency: 1 };
        const [a, b] = [exactly(value), wide].map((signal) =>
          predict(LAW, signal, { n: tokens, alpha: 1e-5 }),
        );
        expect(a.effect.lower).toBeLessThanOrEqual(value);
        expect(b.effect.lower).toBeLessThanOrEqual(a.effect.lower);
        expect(b.effect.upper).toBeGreaterThanOrEqual(a.effect.upper);
        expect(b.log10P.lower).toBeLessThanOrEqual(b.log10P.upper);
        expect(b.leastPower).toBeLessThanOrEqual(a.power);
        const one = tokensToDecide(LAW, exactly(value), RULE)?.value ?? 0;
        const half = tokensToDecide(LAW, { ...exactly(value), efficiency: 0.5 }, RULE)?.value ?? 0;
        expect(Math.abs(half - 2 * one)).toBeLessThanOrEqual(2);
      }),
      { seed: 6 },
    );
  });

  it("counts how much more marked coins vary, and the exact tail, where it is told (0049)", () => {
    for (const epsilon of [0.03, 0.1, 0.3]) {
      const weight = new Float64Array(1000).fill(1);
      const windows = { excess: weight.map(() => epsilon), weight };
      const told = signalOf(windows, { value: 1, lower: 1, upper: 1 }, LAW);
      const power = (signal: Signal): number => {
        const n = tokensToDecide(LAW, signal, RULE)?.value ?? 0;
        let k = 0;
        while (binomialLog10P(k, n, LAW.p) > Math.log10(RULE.alpha)) k++;
        return 10 ** binomialLog10P(k, n, LAW.p + epsilon);
      };
      expect(power(told)).toBeGreaterThan(0.89);
      expect(power(told)).toBeLessThan(0.935);
      const n = tokensToDecide(LAW, told, RULE)?.value ?? 0;
      expect(Math.abs(predict(LAW, told, { n, ...RULE }).power - 0.9)).toBeLessThan(0.02);
      // Canary: the normal formula alone falls short where the excess is large.
      if (epsilon >= 0.1) expect(power(exactly(epsilon))).toBeLessThan(0.89);
    }
  });

  it("refuses an audit of nothing", () => {
    expect(() => predict(LAW, exactly(0.1), { n: 0, alpha: 0.1 })).toThrow(
      "n: expected at least 1",
    );
  });
});

describe("a signal", () => {
  const one = { value: 1, lower: 1, upper: 1 };

  it("property: no weights beat those of the excess itself (Neyman and Pearson)", () => {
    const windows = fc.array(
      fc.record({
        excess: fc.integer({ min: 0, max: 300 }).map((n) => n / 1000),
        weight: fc.integer({ min: 0, max: 255 }).map((n) => n / 255),
      }),
      { minLength: 2, maxLength: 40 },
    );
    const strength = (signal: Signal): number => signal.excess.value * Math.sqrt(signal.efficiency);
    fc.assert(
      fc.property(windows, (all) => {
        const excess = Float64Array.from(all, (each) => each.excess);
        const weight = Float64Array.from(all, (each) => each.weight);
        const best = strength(signalOf({ excess, weight: excess }, one));
        expect(strength(signalOf({ excess, weight }, one))).toBeLessThanOrEqual(best * (1 + 1e-9));
      }),
      { seed: 6 },
    );
  });

  it("carries the interval of the gain, and the sampling of the windows", () => {
    const weight = new Float64Array(400).fill(1);
    const flat = signalOf(
      { excess: new Float64Array(400).fill(0.02), weight },
      { value: 0.5, lower: 0.3, upper: 0.8 },
    );
    expect(flat.excess.value).toBeCloseTo(0.01, 12);
    expect(flat.excess.lower).toBeCloseTo(0.006, 12);
    expect(flat.excess.upper).toBeCloseTo(0.016, 12);
    const mixed = Float64Array.from(weight, (_, i) => (i % 2 === 0 ? 0 : 0.04));
    const { excess } = signalOf({ excess: mixed, weight }, one);
    expect(excess.upper - excess.value).toBeCloseTo((1.96 * 0.02) / 20, 6);
  });

  it("is none where nothing has weight", () => {
    const excess = Float64Array.of(0.1);
    expect(signalOf({ excess, weight: Float64Array.of(0) }, one).excess.value).toBe(0);
  });
});
