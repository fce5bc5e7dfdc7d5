import { type NullLaw, moments } from "@verdigris/core";
import { lehmer } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import {
  WeightedEProcess,
  binomialLog10P,
  confidenceSequence,
  eProcess,
  evidenceOf,
} from "../../src/index.js";

const LAWS: readonly (readonly [string, NullLaw])[] = [
  ["a green list", { kind: "bernoulli", p: 0.25 }],
  ["Gumbel", { kind: "exponential" }],
  ["SynthID", { kind: "bits", weights: [1, 1, 1, 1], p: 0.5 }],
];

/** Draws scores of a law whose coins have a larger mean by `effect`. */
function scores(law: NullLaw, effect: number, next: () => number): number {
  switch (law.kind) {
    case "exponential":
      return -(1 + effect) * Math.log(1 - next());
    case "exponentials":
      return law.means.reduce((sum, mean) => sum - (1 + effect) * mean * Math.log(1 - next()), 0);
    case "bernoulli":
      return next() < law.p + effect ? 1 : 0;
    case "bits": {
      const p = law.p + effect / law.weights.reduce((sum, weight) => sum + weight, 0);
      return law.weights.reduce((sum, weight) => sum + (next() < p ? weight : 0), 0);
    }
  }
}

/** Runs of n coins; `visit` looks after every coin and says whether to stop. */
function count(
  runs: number,
  path: {
    readonly law: NullLaw;
    readonly effect: number;
    readonly n: number;
    readonly seed: number;
  },
  stops: (seen: { n: number; sum: number }) => boolean,
): number {
  const random = lehmer(path.seed);
  let stopped = 0;
  for (let run = 0; run < runs; run++) {
    const seen = { n: 0, sum: 0 };
    while (seen.n < path.n) {
      seen.sum += scores(path.law, path.effect, () => random.next());
      seen.n++;
      if (stops(seen)) {
        stopped++;
        break;
      }
    }
  }
  return stopped;
}

/** The least count of `runs` tests at level α that has probability at most 1e-9. */
function bound(runs: number, alpha: number): number {
  let k = 0;
  while (binomialLog10P(k, runs, alpha) > -9) k++;
  return k;
}

describe.each(LAWS)("the e-process of %s", (_, law) => {
  const log10E = eProcess(law);

  it("ever exceeds 1/α with probability at most α, looking after every coin", () => {
    const path = { law, effect: 0, n: 1000, seed: 11 };
    const alarms = count(400, path, (seen) => log10E(seen) >= Math.log10(1 / 0.05));
    expect(alarms).toBeLessThan(bound(400, 0.05));
  });

  it("canary: peeking at a fixed-length p-value breaks the rate", () => {
    const path = { law, effect: 0, n: 1000, seed: 11 };
    const alarms = count(400, path, (seen) => evidenceOf(law, seen).log10P <= Math.log10(0.05));
    expect(alarms).toBeGreaterThan(bound(400, 0.05));
  });

  it("finds an effect, and costs no more than a few times the tokens of a fixed test", () => {
    const effect = law.kind === "bernoulli" ? 0.1 : 0.3;
    const path = { law, effect, n: 2000, seed: 12 };
    expect(count(100, path, (seen) => log10E(seen) >= 3)).toBe(100);
  });

  it("with weights: is itself where all are 1, is safe, and finds an effect that lies where the weights are", () => {
    const run = (
      seed: number,
      effect: number,
    ): { crossed: boolean; plain: number; weighted: number } => {
      const random = lehmer(seed);
      const weighted = new WeightedEProcess(law);
      const seen = { n: 0, sum: 0 };
      let crossed = false;
      for (let i = 0; i < 300; i++) {
        const weight = i % 5 === 0 ? 1 : 0.05;
        const score = scores(law, weight * effect, () => random.next());
        weighted.push(score, weight);
        seen.n++;
        seen.sum += score;
        crossed ||= weighted.log10E() >= Math.log10(20);
      }
      return { crossed, plain: log10E(seen), weighted: weighted.log10E() };
    };
    const innocent = Array.from({ length: 300 }, (_, i) => run(1000 + 977 * i, 0));
    expect(innocent.filter(({ crossed }) => crossed).length).toBeLessThan(bound(300, 0.05));
    const effect = law.kind === "bernoulli" ? 0.3 : 1;
    const marked = Array.from({ length: 30 }, (_, i) => run(2000 + 977 * i, effect));
    const mean = (of: (each: (typeof marked)[number]) => number): number =>
      marked.reduce((sum, each) => sum + of(each), 0) / marked.length;
    expect(mean((each) => each.weighted)).toBeGreaterThan(mean((each) => each.plain) + 1);
    const equal = new WeightedEProcess(law);
    const values = [scores(law, 0, () => 0.3), scores(law, 0, () => 0.9)];
    for (const value of values) equal.push(value, 1);
    expect(equal.log10E()).toBeCloseTo(log10E({ n: 2, sum: values[0] + values[1] }), 12);
    expect(() => equal.push(1, 1.5)).toThrow("weight must be in [0, 1], got 1.5");
  });

  it("has a confidence sequence that covers the effect at every look", () => {
    const effect = law.kind === "bernoulli" ? 0.05 : 0.2;
    const path = { law, effect, n: 400, seed: 13 };
    const missed = count(200, path, (seen) => {
      if (seen.n % 20 !== 0) return false;
      const { lower, upper } = confidenceSequence(law, seen, 0.05);
      return lower > effect || upper < effect;
    });
    expect(missed).toBeLessThan(bound(200, 0.05));
  });

  it("narrows its confidence sequence around the truth", () => {
    const wide = confidenceSequence(law, { n: 100, sum: 100 * mean(law) }, 0.05);
    const narrow = confidenceSequence(law, { n: 10_000, sum: 10_000 * mean(law) }, 0.05);
    expect(narrow.lower).toBeGreaterThan(wide.lower);
    expect(narrow.upper).toBeLessThan(wide.upper);
    expect(narrow.lower).toBeLessThan(0);
    expect(narrow.upper).toBeGreaterThan(0);
  });
});

it("a confidence sequence of no coins excludes nothing", () => {
  const law: NullLaw = { kind: "bernoulli", p: 0.25 };
  expect(confidenceSequence(law, { n: 0, sum: 0 }, 0.05)).toEqual({ lower: -0.25, upper: 0.75 });
});

function mean(law: NullLaw): number {
  return moments(law).mean;
}
