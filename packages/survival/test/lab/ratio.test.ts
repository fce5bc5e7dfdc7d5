import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/index.js";
import { ratioOf } from "../../src/lab/ratio.js";
import { replicated } from "../../src/lab/replication.js";

/** Sum of twelve uniforms: as good as normal here. */
function normal(random: { next(): number }): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.next();
  return sum;
}

describe("the ratio of two means over keys", () => {
  it("with a known denominator is the t interval, divided by it", () => {
    const values = [0.3, 0.5, 0.2, 0.45, 0.4];
    const { value, interval } = replicated(values.map((own, key) => ({ key, value: own })));
    const ratio = ratioOf(values.map((numerator) => ({ numerator, denominator: 2 })));
    expect(ratio.value).toBeCloseTo(value / 2, 12);
    expect(ratio.interval?.lower).toBeCloseTo(Number(interval?.lower) / 2, 12);
    expect(ratio.interval?.upper).toBeCloseTo(Number(interval?.upper) / 2, 12);
  });

  it("of figures that go together has no width, and shrinks as they do", () => {
    const denominators = [1, 2, 3];
    const pairs = denominators.map((denominator) => ({ numerator: denominator / 4, denominator }));
    const strong = pairs.map(({ numerator }) => ({ numerator, denominator: 4 * numerator + 10 }));
    expect(ratioOf(strong).interval?.lower).toBeLessThan(ratioOf(strong).value);
    const same = denominators.map((own) => ({ numerator: own + 20, denominator: 2 * own + 40 }));
    expect(ratioOf(same).interval?.lower).toBeCloseTo(0.5, 9);
    expect(ratioOf(same).interval?.upper).toBeCloseTo(0.5, 9);
  });

  it("has no interval with one key, or over nothing", () => {
    expect(ratioOf([{ numerator: 1, denominator: 2 }])).toEqual({ value: 0.5, interval: null });
    const around = [-1, 0.5, 1].map((denominator) => ({ numerator: 1, denominator }));
    expect(ratioOf(around).interval).toBeNull();
  });

  it("covers the true ratio in 95 of 100 studies; canary: half the width does not", () => {
    const random = randomStream("ratio");
    const studies = 2000;
    let [covered, byHalf] = [0, 0];
    for (let study = 0; study < studies; study++) {
      const pairs = Array.from({ length: 5 }, () => {
        const key = normal(random);
        return { numerator: 4 + key + normal(random), denominator: 8 + key + normal(random) };
      });
      const { interval, value } = ratioOf(pairs);
      if (interval === null) continue;
      if (interval.lower <= 0.5 && interval.upper >= 0.5) covered++;
      if (Math.abs(value - 0.5) <= (interval.upper - interval.lower) / 4) byHalf++;
    }
    // Binomial(2000, .95) has a standard deviation of 9.7; an unbounded set would cover, too.
    expect(covered).toBeGreaterThan(0.95 * studies - 60);
    expect(covered).toBeLessThan(0.95 * studies + 60);
    expect(byHalf).toBeLessThan(0.95 * studies - 60);
  });
});
