import { describe, expect, it } from "vitest";
import {
  binomialLog10P,
  gammaLog10Q,
  rejects,
  requiredTokens,
  smallestRejecting,
} from "../../src/statistics/index.js";

describe("smallestRejecting", () => {
  it("counts green tokens: log alpha / log p, without being off by one at equality", () => {
    for (let n = 1; n <= 300; n++) {
      expect(smallestRejecting({ kind: "bernoulli", p: 0.1 }, Number(`1e-${n}`))).toBe(n);
      expect(smallestRejecting({ kind: "bernoulli", p: 0.5 }, 2 ** -n)).toBe(n);
    }
    expect(smallestRejecting({ kind: "bernoulli", p: 0.25 }, 1e-6)).toBe(10);
  });

  it.each([0.1, 0.01, 1e-6, 1e-10, 1e-300])("agrees with the verdict at alpha = %d", (alpha) => {
    for (const p of [0.9, 0.5, 65 / 256, 0.1, 1e-3]) {
      const n = smallestRejecting({ kind: "bernoulli", p }, alpha);
      expect(rejects(binomialLog10P(n, n, p), alpha)).toBe(true);
      if (n > 1) expect(rejects(binomialLog10P(n - 1, n - 1, p), alpha)).toBe(false);
    }
    const n = smallestRejecting({ kind: "exponential" }, alpha);
    const largest = 32 * Math.LN2;
    expect(rejects(gammaLog10Q(largest * n, n), alpha)).toBe(true);
    if (n > 1) expect(rejects(gammaLog10Q(largest * (n - 1), n - 1), alpha)).toBe(false);
  });

  it("lets one exponential coin reject down to 2^-32", () => {
    expect(smallestRejecting({ kind: "exponential" }, 2 ** -32)).toBe(1);
    expect(smallestRejecting({ kind: "exponential" }, 2 ** -33)).toBe(2);
  });

  it("refuses an alpha or a p that decides nothing", () => {
    const law = { kind: "bernoulli", p: 0.5 } as const;
    expect(() => smallestRejecting(law, 0)).toThrow("alpha must be in (0, 1), got 0");
    expect(() => smallestRejecting({ kind: "bernoulli", p: 1 }, 0.01)).toThrow(/^law\.p must be/);
  });
});

describe("requiredTokens", () => {
  it("follows (z_alpha + z_beta)² γ(1−γ)/ε²", () => {
    // z(1e-5) = 4.264890793922602, z(0.05) = 1.6448536269514722
    const exact = ((4.264890793922602 + 1.6448536269514722) / 0.01) ** 2 * 0.25 * 0.75;
    const plan = { epsilon: 0.01, gamma: 0.25, alpha: 1e-5, power: 0.95 };
    expect(requiredTokens(plan)).toBe(Math.ceil(exact));
    const half = requiredTokens({ ...plan, epsilon: 0.005 });
    expect(Math.abs(half - 4 * exact)).toBeLessThan(1);
  });

  it("refuses a plan that needs no test, or cannot be met", () => {
    const plan = { epsilon: 0.01, gamma: 0.25, alpha: 1e-5, power: 0.95 };
    expect(() => requiredTokens({ ...plan, power: 1e-6 })).toThrow(
      /^power must be in \(0\.00001, 1\)/,
    );
    expect(() => requiredTokens({ ...plan, epsilon: 0.8 })).toThrow(
      /^epsilon must be in .*got 0\.8$/,
    );
    expect(() => requiredTokens({ ...plan, epsilon: 0 })).toThrow(/^epsilon must be/);
    expect(() => requiredTokens({ ...plan, gamma: 1 })).toThrow("gamma must be in (0, 1), got 1");
  });
});
