import { describe, expect, it } from "vitest";
import { type GainRun, fitGain, randomStream } from "../../src/index.js";

const run = (key: number, epsilon: number, forecast: number, gain = 1): GainRun => ({
  key,
  forecast: { epsilon: forecast, gain },
  epsilon,
});

describe("the fit of a gain", () => {
  it("finds the factor, whatever gain the forecast was made with", () => {
    const runs = [1, 2, 3].flatMap((key) =>
      [0.01, 0.05, 0.2].map((f) => run(key, 0.3 * f, 0.25 * f, 0.25)),
    );
    const { value, lower, upper } = fitGain(runs);
    expect(value).toBeCloseTo(0.3, 12);
    expect(upper - lower).toBeLessThan(1e-9);
  });

  it("covers the true gain in 95 % of fits with noise of key and run", () => {
    const random = randomStream("gain");
    const noise = (): number =>
      Array.from({ length: 12 }, () => random.next()).reduce((sum, u) => sum + u, -6);
    let [covered, seen] = [0, 0];
    const fits = 400;
    for (let i = 0; i < fits; i++) {
      const runs = Array.from({ length: 5 }, (_, key) => {
        const own = 0.3 + 0.04 * noise();
        return [0.02, 0.06].map((f) => run(key, own * f + 0.001 * noise(), f));
      }).flat();
      const { lower, upper } = fitGain(runs);
      if (lower <= 0.3 && 0.3 <= upper) covered++;
      if (lower <= 0.45 && 0.45 <= upper) seen++;
    }
    // Binomial standard error .011: four of them around .95. Canary: a wrong gain is covered far less often.
    expect(covered / fits).toBeGreaterThan(0.906);
    expect(covered / fits).toBeLessThan(0.994);
    expect(seen / fits).toBeLessThan(0.2);
  });

  it.each([
    [[run(1, 0.1, 0.1)], "at least two keys, got 1"],
    [[run(1, 0.1, 0.1), run(2, 0.1, 0)], "a forecast excess of key 2"],
  ])("refuses %j", (runs, says) => {
    expect(() => fitGain(runs)).toThrow(says);
  });
});
