import seedrandom from "seedrandom";
import { describe, expect, it } from "vitest";
import { binomialLog10P, ksUniform } from "../../src/statistics/index.js";

/** Samples of 200 values of which p ≤ alpha, among 2,000. */
function rejections(alpha: number, transform: (u: number) => number): number {
  const random = seedrandom("kolmogorov-smirnov");
  let count = 0;
  for (let run = 0; run < 2000; run++) {
    if (ksUniform(Float64Array.from({ length: 200 }, () => transform(random()))).p <= alpha)
      count++;
  }
  return count;
}

describe("ksUniform", () => {
  it("finds the largest distance, from above or from below", () => {
    expect(ksUniform(Float64Array.of(0.5)).statistic).toBe(0.5);
    expect(ksUniform(Float64Array.of(0.9, 0.8)).statistic).toBe(0.8);
    expect(ksUniform(Float64Array.of(0.1, 0.2)).statistic).toBe(0.8);
  });

  it("leaves the sample as it was", () => {
    const sample = Float64Array.of(0.9, 0.1);
    ksUniform(sample);
    expect([...sample]).toEqual([0.9, 0.1]);
  });

  it.each([0.1, 0.01, 0.001])("rejects a uniform sample as often as alpha = %d says", (alpha) => {
    const count = rejections(alpha, (u) => u);
    // Exact bound on the count, wrong once in 1e9 seeds; 1e-4 is the test's own error.
    if (count > 0) expect(binomialLog10P(count, 2000, alpha + 1e-4)).toBeGreaterThan(-9);
  });

  it("canary: a bent sample fails that bound", () => {
    const count = rejections(0.01, (u) => u ** 1.2);
    expect(binomialLog10P(count, 2000, 0.01 + 1e-4)).toBeLessThan(-9);
  });

  it("refuses an empty sample and values outside [0, 1]", () => {
    expect(() => ksUniform(new Float64Array())).toThrow(
      "sample must hold at least one value, got 0",
    );
    expect(() => ksUniform(Float64Array.of(0.5, 1.5))).toThrow(
      "sample values must be in [0, 1], got 1.5",
    );
    expect(() => ksUniform(Float64Array.of(NaN))).toThrow(RangeError);
  });
});
