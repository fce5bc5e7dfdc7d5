import type { NullLaw } from "@verdigris/core";
import { lehmer } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import { clopperPearson, eProcess } from "../../src/index.js";

const SIZE = 200;
const GREEN = 80;
const law: NullLaw = { kind: "bernoulli", p: GREEN / SIZE, oneList: { size: SIZE, green: GREEN } };

/** Mean of the e-value after n draws without replacement, by the exact law of the number of green ones. */
function expectation(log10E: (seen: { n: number; sum: number }) => number, n: number): number {
  let mean = 0;
  let mass = 1;
  for (let j = 0; j < n; j++) mass *= (SIZE - GREEN - j) / (SIZE - j);
  for (let k = 0; k <= Math.min(n, GREEN); k++) {
    mean += mass * 10 ** log10E({ n, sum: k });
    mass *= ((GREEN - k) * (n - k)) / ((k + 1) * (SIZE - GREEN - n + k + 1));
  }
  return mean;
}

describe("the e-process of one list of fixed size", () => {
  it("has mean 1 after any number of distinct tokens, less where a bet needs more green ones than there are", () => {
    for (const n of [1, 10, 60, 80]) expect(expectation(eProcess(law), n)).toBeCloseTo(1, 9);
    expect(expectation(eProcess(law), 119)).toBeLessThan(1);
  });

  it("rarely ever exceeds 1/α when tokens are drawn without replacement", () => {
    const random = lehmer(3);
    const log10E = eProcess(law);
    let alarms = 0;
    for (let run = 0; run < 300; run++) {
      let [green, worst] = [0, 0];
      for (let n = 1; n <= SIZE; n++) {
        if (random.next() < (GREEN - green) / (SIZE - n + 1)) green++;
        worst = Math.max(worst, log10E({ n, sum: green }));
      }
      if (worst >= 1) alarms++;
    }
    expect(clopperPearson(alarms, 300, 1 - 2e-6).lower).toBeLessThanOrEqual(0.1);
  });
});
