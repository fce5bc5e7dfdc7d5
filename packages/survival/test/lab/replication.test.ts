import { lehmer } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import { type KeyedValue, replicated } from "../../src/lab/replication.js";
import { studentHalfWidth } from "../../src/lab/student-t.js";

describe("Student's t", () => {
  // Quantiles .975 and .995 of any table of the t distribution.
  it.each([
    [1, 0.95, 12.7062],
    [2, 0.95, 4.30265],
    [3, 0.95, 3.18245],
    [4, 0.95, 2.77645],
    [9, 0.95, 2.26216],
    [10, 0.99, 3.16927],
    [120, 0.95, 1.97993],
  ])("with %i degrees of freedom covers %d within ± %d", (degrees, confidence, width) => {
    expect(studentHalfWidth(confidence, degrees)).toBeCloseTo(width, 4);
  });
});

/** Runs of a one-way random-effects model with mean 3. */
function sample(keys: number, runs: number, seed: number): readonly KeyedValue[] {
  const random = lehmer(seed);
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  return Array.from({ length: keys }, (_, key) => {
    const own = 3 + 2 * normal();
    return Array.from({ length: runs }, () => ({ key, value: own + normal() }));
  }).flat();
}

describe("replication", () => {
  it("takes keys as the unit, and tells their spread from that of runs", () => {
    const many = replicated(sample(2000, 3, 5));
    expect(many.value).toBeCloseTo(3, 0);
    expect(many.between).toBeGreaterThan(1.9);
    expect(many.between).toBeLessThan(2.1);
    expect(many.within).toBeGreaterThan(0.95);
    expect(many.within).toBeLessThan(1.05);
  });

  it("covers as often as it says; one that took runs as the unit would not", () => {
    const trials = 2000;
    let [covered, naive] = [0, 0];
    for (let trial = 0; trial < trials; trial++) {
      const values = sample(5, 3, 100 + trial);
      const holds = ({ interval }: ReturnType<typeof replicated>): boolean =>
        interval !== null && interval.lower <= 3 && 3 <= interval.upper;
      if (holds(replicated(values))) covered++;
      if (holds(replicated(values.map(({ value }, key) => ({ key, value }))))) naive++;
    }
    // A binomial count of 2,000 at .95 lies within 6.1 standard errors but for 1e-9.
    const bound = 6.1 * Math.sqrt(trials * 0.95 * 0.05);
    expect(Math.abs(covered - 0.95 * trials)).toBeLessThan(bound);
    expect(naive).toBeLessThan(0.95 * trials - bound);
  });

  it("has no interval with one key, and no spread of runs with one each", () => {
    expect(replicated([{ key: 0, value: 4 }])).toEqual({
      value: 4,
      interval: null,
      keys: 1,
      runs: 1,
      between: null,
      within: null,
    });
    expect(replicated(sample(5, 1, 1)).within).toBeNull();
  });
});
