import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  binomialLog10P,
  clopperPearson,
  gammaLog10Q,
  normalLog10Q,
  normalQuantile,
} from "../../src/statistics/index.js";

const SEED = 20_240_229;

function check<T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => void): void {
  fc.assert(fc.property(arbitrary, property), { seed: SEED, numRuns: 500 });
}

/** k ≤ n coins of p = m/256: dyadic, so that 1 − p is exact. */
const event = (maxN: number): fc.Arbitrary<{ k: number; n: number; m: number }> =>
  fc
    .record({ n: fc.integer({ min: 1, max: maxN }), m: fc.integer({ min: 1, max: 255 }) })
    .chain(({ n, m }) => fc.record({ k: fc.nat(n), n: fc.constant(n), m: fc.constant(m) }));

/** P(X ≥ k) in exact integers, as a double. */
function exactTail(k: number, n: number, m: number): number {
  const green = BigInt(m);
  const red = 256n - green;
  let coefficient = 1n;
  let sum = 0n;
  for (let j = 0; j <= n; j++) {
    if (j >= k) sum += coefficient * green ** BigInt(j) * red ** BigInt(n - j);
    coefficient = (coefficient * BigInt(n - j)) / BigInt(j + 1);
  }
  return Number(sum) / Number(256n ** BigInt(n)); // up to n = 127 both fit a double
}

describe("binomialLog10P", () => {
  it("equals the exact sum for up to 100 coins", () => {
    check(event(100), ({ k, n, m }) => {
      const exact = exactTail(k, n, m);
      const error = Math.abs(10 ** binomialLog10P(k, n, m / 256) / exact - 1);
      // 10 ** x alone rounds ln p, at most 555, to 1e-13.
      expect(error).toBeLessThan(5e-13);
    });
  });

  it("gives complementary events probabilities that add to 1", () => {
    check(event(100_000), ({ k, n, m }) => {
      const atLeast = binomialLog10P(k, n, m / 256);
      const below = k === 0 ? -Infinity : binomialLog10P(n - k + 1, n, 1 - m / 256);
      expect(10 ** atLeast + 10 ** below).toBeCloseTo(1, 12);
    });
  });

  it("falls as k rises, and never is NaN, positive or −0", () => {
    check(event(1_000_000), ({ k, n, m }) => {
      const here = binomialLog10P(k, n, m / 256);
      expect(here <= 0 && !Object.is(here, -0)).toBe(true);
      if (k < n) expect(binomialLog10P(k + 1, n, m / 256)).toBeLessThanOrEqual(here);
    });
  });

  it("rises with p", () => {
    check(event(100_000), ({ k, n, m }) => {
      const [less, more] = [(m - 0.5) / 256, m / 256];
      expect(binomialLog10P(k, n, less)).toBeLessThanOrEqual(binomialLog10P(k, n, more));
    });
  });

  it("is p^n when every coin is green, and certain for k = 0", () => {
    check(event(1_000_000), ({ n, m }) => {
      const expected = n * Math.log10(m / 256);
      const error = Math.abs(binomialLog10P(n, n, m / 256) - expected);
      expect(error).toBeLessThanOrEqual(1e-14 * Math.abs(expected));
      expect(binomialLog10P(0, n, m / 256)).toBe(0);
    });
  });

  it("is finite at the ends of its range", () => {
    for (const p of [1.1e-300, 1e-17, 0.5, 1 - Number.EPSILON / 2]) {
      for (const n of [1, 2, 1e9]) {
        for (const k of [1, n]) expect(binomialLog10P(k, n, p)).toSatisfy(Number.isFinite);
      }
    }
    expect(binomialLog10P(0, 0, 0.5)).toBe(0);
  });

  it.each([
    [2, 1, 0.5, "k must be an integer in [0, 1], got 2"],
    [0.5, 1, 0.5, "k must be an integer in [0, 1], got 0.5"],
    [-1, 1, 0.5, "k must be an integer in [0, 1], got -1"],
    [1, NaN, 0.5, "n must be an integer in [0, 9007199254740991], got NaN"],
    [1, 1, 0, "p must be in (1e-300, 1), got 0"],
    [1, 1, 1, "p must be in (1e-300, 1), got 1"],
    [1, 1, NaN, "p must be in (1e-300, 1), got NaN"],
  ])("refuses k = %d, n = %d, p = %d", (k, n, p, message) => {
    expect(() => binomialLog10P(k, n, p)).toThrow(new RangeError(message));
  });
});

describe("gammaLog10Q", () => {
  const point = fc.record({
    n: fc.double({ min: 0.5, max: 1e5, noNaN: true }),
    ratio: fc.double({ min: 1e-6, max: 23, noNaN: true }),
  });

  it("is the Poisson sum for small integer n", () => {
    const small = fc.record({ n: fc.integer({ min: 1, max: 20 }), x: fc.nat(60) });
    check(small, ({ n, x }) => {
      let term = Math.exp(-x);
      let sum = 0;
      for (let j = 0; j < n; term *= x / ++j) sum += term;
      expect(Math.abs(10 ** gammaLog10Q(x, n) / sum - 1)).toBeLessThan(1e-13);
    });
  });

  it("falls with x, rises with n, and never is NaN, positive or −0", () => {
    check(point, ({ n, ratio }) => {
      const here = gammaLog10Q(n * ratio, n);
      expect(here <= 0 && !Object.is(here, -0)).toBe(true);
      expect(gammaLog10Q(n * ratio * 1.001, n)).toBeLessThanOrEqual(here);
      expect(gammaLog10Q(n * ratio, n * 1.001)).toBeGreaterThanOrEqual(here);
    });
  });

  it("is continuous where it changes method, at x = n", () => {
    check(point, ({ n }) => {
      const gap = gammaLog10Q(n, n) - gammaLog10Q(n * (1 - 1e-15), n);
      // n times the density is at most √n / 2.5: such a step moves p by 2e-13.
      expect(Math.abs(gap)).toBeLessThan(1e-12);
    });
  });

  it("is certain at 0, and finite far away", () => {
    expect(gammaLog10Q(0, 10)).toBe(0);
    expect(gammaLog10Q(Number.MIN_VALUE, 10)).toBe(0);
    expect(gammaLog10Q(1e300, 1e7)).toSatisfy(Number.isFinite);
  });

  it("refuses what is not a sum of scores", () => {
    expect(() => gammaLog10Q(-1, 1)).toThrow(new RangeError("x must be in [0, 1e+300], got -1"));
    expect(() => gammaLog10Q(1, 0)).toThrow(
      new RangeError("n must be in [0.5, 1000000000000000], got 0"),
    );
    expect(() => gammaLog10Q(NaN, 1)).toThrow(RangeError);
  });
});

describe("normal law", () => {
  it("has tails that add to 1 and quantiles that invert them", () => {
    check(fc.double({ min: 0, max: 37, noNaN: true }), (z) => {
      const log10Q = normalLog10Q(z);
      expect(10 ** log10Q + 10 ** normalLog10Q(-z)).toBeCloseTo(1, 14);
      expect(normalQuantile(10 ** log10Q)).toBeCloseTo(z, 11);
    });
  });

  it("is exactly one half at 0", () => {
    expect(10 ** normalLog10Q(0)).toBeCloseTo(0.5, 15);
    expect(normalQuantile(0.5)).toBe(0);
    expect(normalQuantile(0.025)).toBeCloseTo(1.959963984540054, 14);
  });

  it("refuses NaN and the ends", () => {
    expect(() => normalLog10Q(NaN)).toThrow("z must be in [-1e+150, 1e+150], got NaN");
    expect(() => normalQuantile(0)).toThrow("p must be in (0, 1), got 0");
    expect(() => normalQuantile(1)).toThrow("p must be in (0, 1), got 1");
  });
});

describe("clopperPearson", () => {
  it("has ends at which the observation is just as extreme as allowed", () => {
    const arbitrary = fc.tuple(event(10_000), fc.constantFrom(0.05, 0.5, 0.95, 0.999_999));
    check(arbitrary, ([{ k, n }, confidence]) => {
      const { lower, upper } = clopperPearson(k, n, confidence);
      const log10Tail = Math.log10((1 - confidence) / 2);
      expect(lower).toBeLessThan(upper);
      if (k > 0) expect(binomialLog10P(k, n, lower)).toBeCloseTo(log10Tail, 10);
      const below = binomialLog10P(k + (k < n ? 1 : 0), n, upper === 1 ? 0.5 : upper);
      if (k < n) expect(1 - 10 ** below).toBeCloseTo(10 ** log10Tail, 10);
      else expect(upper).toBe(1);
    });
  });

  it("mirrors, and knows nothing without coins", () => {
    const { lower, upper } = clopperPearson(3, 20, 0.95);
    const mirrored = clopperPearson(17, 20, 0.95);
    expect(mirrored.lower).toBeCloseTo(1 - upper, 15);
    expect(mirrored.upper).toBeCloseTo(1 - lower, 15);
    expect(clopperPearson(0, 0, 0.95)).toEqual({ lower: 0, upper: 1 });
    expect(() => clopperPearson(1, 2, 95)).toThrow("confidence must be in (0, 1), got 95");
  });
});
