/**
 * Audit tests beyond the plain ones. Each is calibrated over decoy keys on a suspect that carries a mark: at level .1 it may
 * reject so often as a binomial count does with probability 1e-9. Canary: the same windows asked over and over break it.
 */
import { Key, bindScheme, createKernel } from "@verdigris/core";
import { randomTokens, testProfile } from "@verdigris/core/testing";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Draws,
  type Prediction,
  type Weighting,
  binomialLog10P,
  closedTest,
  decoyKey,
  evidenceOf,
  openArgmaxTest,
  openTest,
  stratifiedClosedTest,
  stratifiedOpenTest,
  weightedClosedTest,
} from "../../src/index.js";

const kernel = createKernel();
const profile = testProfile({ V: 1000, h: 2 });
const scheme = bindScheme(profile, Key.fromBytes(new Uint8Array(32).fill(1)), kernel);
const KEYS = 100;
const N = 1200;
const K = 6;

/** Distinct windows; every fifth was served often, the others once. */
const contexts = Array.from({ length: N }, (_, i) =>
  Uint32Array.of(5, i % 1000, 7 + Math.floor(i / 1000)),
);
const servedOften = (i: number): boolean => i % 5 === 0;
const served = (window: number): number => (servedOften(window) ? 100 : 1);
/** Looks a position's window up by its tokens, as a sketch would. */
const counts: Weighting = (tokens, from) =>
  Float64Array.from({ length: tokens.length - from }, (_, k) => {
    const [low, high] = tokens.subarray(from + k - 2, from + k);
    return served(low + 1000 * (high - 7));
  });
const leverage: Weighting = (tokens, from) => counts(tokens, from).map((n) => n / (n + 20));

/** Six candidates a context; green ones are `factor(i)` times as likely as others. */
function suspect(factor: (i: number) => number): readonly Prediction[] {
  const all = randomTokens(K * N, 1000, 55);
  return contexts.map((context, i) => {
    const ids = all.slice(K * i, K * i + K);
    const logits = new Float32Array(K);
    scheme.reweight(context, logits, ids);
    const weights = Array.from(logits, (logit, j) => (1 + 0.1 * j) * (logit > 0 ? factor(i) : 1));
    const sum = weights.reduce((a, b) => a + b);
    return { context, ids, p: Float64Array.from(weights, (w) => w / sum) };
  });
}

/** One draw of each prediction. */
function drawn(predictions: readonly Prediction[]): Draws {
  const uniform = randomTokens(N, 1_000_003, 9);
  const tokens = Uint32Array.from(predictions, ({ ids, p }, i) => {
    let u = uniform[i] / 1_000_003;
    return ids[
      Math.max(
        0,
        p.findIndex((own) => (u -= own) < 0),
      )
    ];
  });
  return { contexts: predictions.map(({ context }) => context), tokens };
}

const marked = suspect((i) => (servedOften(i) ? 4 : 1.1));
/** Its thief knew the frequent windows: there it avoids green tokens. */
const neutralised = suspect((i) => (servedOften(i) ? 0.3 : 1.5));

/** Every test as a log10 p or a bound on it. */
const TESTS: readonly (readonly [string, (key: typeof scheme) => number])[] = [
  ["open argmax", (key) => openArgmaxTest(key, marked).log10P],
  ["soft mass", (key) => openTest(key, marked).log10P],
  ["soft mass by leverage", (key) => openTest(key, marked, leverage).log10P],
  ["draws by leverage", (key) => weightedClosedTest(key, drawn(marked), leverage).log10P],
  ["strata of draws", (key) => -stratifiedClosedTest(key, drawn(neutralised), { counts }).log10E],
  ["strata of masses", (key) => -stratifiedOpenTest(key, neutralised, { counts }).log10E],
  ["removal", (key) => -stratifiedClosedTest(key, drawn(neutralised), { counts }).log10Removed],
];

/** Of so many decoy keys, how many reject at level .1. */
function rejections(log10P: (key: typeof scheme) => number): number {
  let count = 0;
  for (const key of decoys) if (log10P(key) <= -1) count++;
  return count;
}

let decoys: readonly (typeof scheme)[];
/** The least count that a valid test reaches with probability at most 1e-9. */
let bound = 0;
beforeAll(() => {
  decoys = Array.from({ length: KEYS }, (_, i) => bindScheme(profile, decoyKey(i), kernel));
  while (binomialLog10P(bound, KEYS, 0.1) > -9) bound++;
});

describe.each(TESTS)("%s", (_name, log10P) => {
  it("finds the mark under its key and keeps its level under others", () => {
    expect(log10P(scheme)).toBeLessThan(-5);
    expect(rejections(log10P)).toBeLessThan(bound);
  });
});

describe("canary", () => {
  const often = <T>(items: readonly T[]): T[] => Array.from({ length: 50 }, () => items).flat();
  const few = marked.slice(0, 30);

  it("masses of windows that were asked fifty times break the level", () => {
    expect(rejections((key) => openTest(key, often(few)).log10P)).toBeGreaterThan(bound);
  });

  it("and so do draws that are counted twenty times", () => {
    const inflated = (key: typeof scheme): number => {
      const { n, sum } = closedTest(key, drawn(marked));
      return evidenceOf(key.law, { n: 20 * n, sum: 20 * sum }).log10P;
    };
    expect(rejections(inflated)).toBeGreaterThan(bound);
  });
});

describe("leverage", () => {
  it("gives stronger evidence where the windows that were served carry the excess", () => {
    const plain = openTest(scheme, marked);
    const weighted = openTest(scheme, marked, leverage);
    expect(weighted.zScore).toBeGreaterThan(1.2 * plain.zScore);
    expect(weighted.log10E).toBeGreaterThan(plain.log10E + 3);
    const alike: Weighting = (tokens, from) => new Float64Array(tokens.length - from).fill(0.4);
    expect(openTest(scheme, marked, alike)).toStrictEqual(plain);
  });
});

describe("strata", () => {
  it("show what a sum over all windows hides, and that it was taken out", () => {
    const plain = closedTest(scheme, drawn(neutralised));
    const strata = stratifiedClosedTest(scheme, drawn(neutralised), { counts });
    expect(strata.log10E).toBeGreaterThan(5);
    expect(-strata.log10E).toBeLessThan(plain.log10P - 3);
    expect(strata.log10Removed).toBeGreaterThan(3);
    expect(
      strata.strata.map(({ from, to, log10Fewer }) => [from, to, log10Fewer !== null]),
    ).toEqual([
      [0, 2, false],
      [2, 10, false],
      [10, 50, false],
      [50, Infinity, true],
    ]);
    expect(strata.strata[3].effect).toBeLessThan(-0.05);
    expect(strata.strata[0].effect).toBeGreaterThan(0.03);
  });

  it("see nothing removed where a mark is whole", () => {
    expect(stratifiedClosedTest(scheme, drawn(marked), { counts }).log10Removed).toBeLessThan(0);
  });

  it("refuse edges out of order, and scores without an upper end", () => {
    expect(() => stratifiedClosedTest(scheme, drawn(marked), { counts, edges: [5, 5] })).toThrow(
      "edges[1]: expected more than 5, got 5",
    );
    const gumbel = bindScheme(
      testProfile({ V: 1000, h: 2, scheme: "gumbel", parameters: {} }),
      decoyKey(0),
      kernel,
    );
    expect(() => stratifiedOpenTest(gumbel, marked, { counts })).toThrow(
      "scheme: expected scores with an upper end, got the law exponential",
    );
  });
});
