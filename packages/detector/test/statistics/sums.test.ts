import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  hypergeometricLog10P,
  poissonBinomialLog10P,
  weightedBitsLog10P,
  weightedExponentialsLog10P,
} from "../../src/statistics/index.js";

const url = new URL("../../../../fixtures/vectors/tails-sums.json", import.meta.url);
const vectors = JSON.parse(readFileSync(url, "utf8")) as {
  readonly hypergeometric: readonly (readonly [number, number, number, number, number])[];
  readonly poissonBinomial: readonly (readonly [number, number, number, number, number])[];
  readonly weightedBits: readonly (readonly [number[], number, number, number, number])[];
  readonly exponentials: readonly (readonly [number[], number, number, number])[];
};

/** Relative, of log10 p. */
const TOLERANCE = 1e-12;
/** Relative, of p itself where it is above 1e-300: exponents of a few hundred that cancel lose three digits. */
const TOLERANCE_OF_P = 1e-11;

interface Case {
  readonly what: string;
  readonly expected: number;
  readonly got: number;
}

function check(law: string, cases: readonly Case[], smallest: number): void {
  let [worst, worstOfP, least] = [0, 0, 0];
  const wrong: string[] = [];
  for (const { what, expected, got } of cases) {
    const error = Math.abs(got - expected);
    const relative = error === 0 ? 0 : error / Math.abs(expected);
    const ofP = expected > -300 ? Math.expm1(error * Math.LN10) : 0;
    // A NaN is not below a tolerance either.
    if (!(relative < TOLERANCE && ofP < TOLERANCE_OF_P))
      wrong.push(`${what}: ${got} for ${expected}`);
    [worst, worstOfP] = [Math.max(worst, relative), Math.max(worstOfP, ofP)];
    least = Math.min(least, expected);
  }
  console.info(
    `${law}: ${cases.length} cases down to log10 p = ${least.toFixed(0)}, largest relative error ` +
      `${worst.toExponential(1)} of log10 p, ${worstOfP.toExponential(1)} of p above 1e-300`,
  );
  expect(wrong).toEqual([]);
  expect(least).toBeLessThan(smallest);
}

describe("tails of sums of unlike parts, against mpmath", () => {
  it("hypergeometric", () => {
    const cases = vectors.hypergeometric.map(([size, green, n, k, expected]) => ({
      what: `size ${size}, green ${green}, n ${n}, k ${k}`,
      expected,
      got: hypergeometricLog10P(k, { size, green, n }),
    }));
    check("hypergeometric", cases, -5000);
  });

  it("Poisson-binomial", () => {
    const cases = vectors.poissonBinomial.map(([low, high, n, k, expected]) => {
      const p = Array.from({ length: n }, (_, i) => low + ((high - low) * i) / Math.max(1, n - 1));
      return {
        what: `p ${low} to ${high}, n ${n}, k ${k}`,
        expected,
        got: poissonBinomialLog10P(k, p),
      };
    });
    check("Poisson-binomial", cases, -4000);
  });

  it("weighted bits", () => {
    const cases = vectors.weightedBits.map(([weights, p, n, sum, expected]) => ({
      what: `weights ${weights.join(" ")}, p ${p}, n ${n}, sum ${sum}`,
      expected,
      got: weightedBitsLog10P(
        weights.map((weight) => ({ count: n, weight, p })),
        sum,
      ),
    }));
    check("weighted bits", cases, -5000);
  });

  it("weighted exponentials", () => {
    const cases = vectors.exponentials.map(([means, n, x, expected]) => ({
      what: `means ${means.join(" ")}, n ${n}, x ${x}`,
      expected,
      got: weightedExponentialsLog10P(
        means.map((mean) => ({ count: n, mean })),
        x,
      ),
    }));
    check("weighted exponentials", cases, -4000);
  });
});
