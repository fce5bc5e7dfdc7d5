import { describe, expect, it } from "vitest";
import { binomialLog10P } from "../../src/statistics/binomial.js";
import { clopperPearson } from "../../src/statistics/clopper-pearson.js";
import { gammaLog10Q } from "../../src/statistics/gamma.js";
import { ksUniform } from "../../src/statistics/kolmogorov-smirnov.js";
import { normalLog10Q, normalQuantile } from "../../src/statistics/normal.js";
import { readTable, type Rows, worstErrors } from "./vectors.js";

type Tail = (row: readonly number[]) => number;

const tails: readonly { readonly law: string; readonly columns: number; readonly tail: Tail }[] = [
  { law: "binomial", columns: 3, tail: ([n, k, p]) => binomialLog10P(k!, n!, p!) },
  { law: "gamma", columns: 2, tail: ([n, x]) => gammaLog10Q(x!, n!) },
  { law: "normal", columns: 1, tail: ([z]) => normalLog10Q(z!) },
];

/**
 * ln p ≈ −690 at 1e-300 is itself rounded to 1e-13, and a relative error of p is an absolute one of
 * ln p: 1e-12 leaves room for a handful of roundings and none for a wrong formula.
 */
const TOLERANCE = 1e-12;

describe("tails against exact sums and mpmath", () => {
  it.each(tails)("$law", ({ law, columns, tail }) => {
    const worst = worstErrors(readTable("tails.json", law), columns, tail);
    console.info(
      `${law}: ${worst.cases} cases, largest relative error ` +
        `${worst.log10P.toExponential(1)} of log10 p (${worst.log10PBeyond.toExponential(1)} ` +
        `below 1e-300), ${worst.p.toExponential(1)} of p`,
    );
    expect(worst.log10P).toBeLessThan(TOLERANCE);
    expect(worst.p).toBeLessThan(TOLERANCE);
  });

  it("covers the promised ground", () => {
    const binomial = readTable("tails.json", "binomial");
    expect(binomial.length).toBeGreaterThanOrEqual(300);
    expect(Math.min(...binomial.map((row) => row[3]!))).toBeLessThan(-5000);
    expect(Math.max(...binomial.map((row) => row[0]!))).toBe(1e9);
    expect(readTable("tails.json", "gamma").length).toBeGreaterThanOrEqual(80);
  });
});

describe("tails against a second set of references, with SciPy's values beside them", () => {
  // Sixty digits do not hold 1 − p below 1e-60: there the file's logarithm is noise.
  const meaningful = (rows: Rows, at: number): Rows =>
    rows.filter((row) => row[at] === 0 || row[at]! < -1e-30);

  it.each(tails)("$law", ({ law, columns, tail }) => {
    const rows = meaningful(readTable("tails-scipy.json", law), columns);
    const worst = worstErrors(rows, columns, tail);
    const representable = rows.filter((row) => row[columns]! > -300);
    const scipy = worstErrors(representable, columns, (row) => Math.log10(row[columns + 1]!));
    console.info(
      `${law}: ${worst.cases} cases, ours ${worst.p.toExponential(1)} of p, ` +
        `scipy ${scipy.p.toExponential(1)}`,
    );
    expect(worst.log10P).toBeLessThan(TOLERANCE);
    expect(worst.p).toBeLessThan(TOLERANCE);
  });
});

describe("inverses against mpmath", () => {
  it("normalQuantile", () => {
    for (const [p, z] of readTable("tails.json", "normalQuantile")) {
      expect(Math.abs(normalQuantile(p!) - z!)).toBeLessThan(1e-13);
    }
  });

  it("clopperPearson, relative to the smaller of rate and 1 − rate", () => {
    for (const [k, n, confidence, lower, upper] of readTable("tails.json", "clopperPearson")) {
      const interval = clopperPearson(k!, n!, confidence!);
      expect(Math.abs(interval.lower - lower!)).toBeLessThanOrEqual(1e-14 * lower!);
      // The upper end as a double holds 1 − upper only to half a unit in the last place of 1.
      const slack = 1e-14 * Math.min(upper!, 1 - upper!) + Number.EPSILON;
      expect(Math.abs(interval.upper - upper!)).toBeLessThanOrEqual(slack);
    }
  });
});

describe("Kolmogorov–Smirnov against the exact law (Durbin's matrix)", () => {
  it("stays within the error of Stephens's correction", () => {
    for (const [n, d, exact] of readTable("tails.json", "kolmogorov")) {
      // Every value d below its step: the distance is d from above, and nowhere larger.
      const sample = Float64Array.from({ length: n! }, (_, i) => Math.max(0, (i + 1) / n! - d!));
      const { statistic, p } = ksUniform(sample);
      expect(statistic).toBeCloseTo(d!, 14);
      expect(Math.abs(p - exact!)).toBeLessThan(n! < 20 ? 0.02 : 0.015);
      if (n! >= 20 && exact! < 0.05) expect(Math.abs(p - exact!)).toBeLessThan(1e-4);
    }
  });
});
