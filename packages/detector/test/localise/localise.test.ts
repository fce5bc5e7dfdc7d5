import { Key, bindScheme, createKernel } from "@verdigris/core";
import { lehmer, randomTokens, testProfile } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import { binomialLog10P, decoyKey, localise } from "../../src/index.js";
import { Family } from "../../src/localise/family.js";
import { maximumP } from "../../src/localise/maximum.js";
import { scan } from "../../src/localise/scan.js";
import { SimulatedTexts } from "../../src/localise/simulation.js";
import { type Walk, walksOf } from "../../src/localise/walk.js";

const kernel = createKernel();
const key = Key.fromBytes(new Uint8Array(32).fill(4));
const profile = testProfile({ h: 1, V: 4096 });
const law = { kind: "bernoulli", p: 0.25 } as const;

/** Random text whose tokens in [start, end) are tried again up to three times while red. */
function withSpans(
  n: number,
  spans: readonly (readonly [number, number])[],
  seed: number,
): Uint32Array {
  const scheme = bindScheme(profile, key, kernel);
  const tries = randomTokens(4 * n, profile.V, seed);
  const out = tries.slice(0, n);
  for (const [start, end] of spans) {
    for (let i = start; i < end; i++) {
      for (let t = 0; t < 3; t++) {
        const logit = new Float32Array(1);
        scheme.reweight(out.subarray(0, i), logit, out.subarray(i, i + 1));
        if (logit[0] > 0) break;
        out[i] = tries[n + 3 * i + t];
      }
    }
  }
  return out;
}

/** The least count of `runs` tests at level α that has probability at most 1e-9. */
function bound(runs: number, alpha: number): number {
  let k = 0;
  while (binomialLog10P(k, runs, alpha) > -9) k++;
  return k;
}

/** Walks that search n coins together, each with the same share of α. */
function searchesOf(walks: readonly Walk[], n: number) {
  return walks.map((walk) => ({
    walk,
    share: 1 / walks.length,
    cost: Math.log(Math.floor(n / walk.block) * walks.length),
  }));
}

const LAWS = [
  { kind: "exponential" },
  { kind: "exponentials", means: [0.7, 0.3] },
  { kind: "bits", weights: Array.from({ length: 30 }, () => 1), p: 0.5 },
  { kind: "bits", weights: [3, 2, 1], p: 0.5 },
] as const;

describe("localisation", () => {
  it("finds one span in a text, and its ends within their intervals", () => {
    const [span, ...others] = localise(profile, key, {
      tokens: withSpans(4000, [[1500, 1800]], 1),
    });
    expect(others).toEqual([]);
    expect(span.log10P).toBeLessThan(-20);
    expect(Math.abs(span.start - 1500)).toBeLessThan(30);
    expect(Math.abs(span.end - 1800)).toBeLessThan(30);
    expect(span.startInterval[0]).toBeLessThanOrEqual(span.start);
    expect(span.startInterval[1]).toBeGreaterThanOrEqual(span.start);
    expect(span.evidence.effect).toBeGreaterThan(0.3);
  });

  it("finds several spans, in text order", () => {
    const tokens = withSpans(
      6000,
      [
        [400, 600],
        [2500, 2600],
        [5000, 5900],
      ],
      2,
    );
    const spans = localise(profile, key, { tokens });
    expect(spans.map(({ start }) => Math.round(start / 100))).toEqual([4, 25, 50]);
    expect(spans.map(({ end }) => Math.round(end / 100))).toEqual([6, 26, 59]);
  });

  it("finds a text that is marked from end to end", () => {
    const [span, ...others] = localise(profile, key, { tokens: withSpans(500, [[1, 500]], 3) });
    expect(others).toEqual([]);
    expect([span.start < 20, span.end > 480]).toEqual([true, true]);
  });

  it("reports nothing under another key, in an empty or in a short text", () => {
    const tokens = withSpans(1000, [[200, 500]], 4);
    expect(localise(profile, decoyKey(1), { tokens })).toEqual([]);
    expect(localise(profile, key, { tokens: tokens.subarray(0, 0) })).toEqual([]);
    expect(localise(profile, key, { tokens: tokens.subarray(0, 3) })).toEqual([]);
  });

  it("reports a span in a text without one at most α of the time", () => {
    const tokens = randomTokens(600, profile.V, 5);
    const [runs, alpha] = [200, 0.05];
    let alarms = 0;
    for (let i = 0; i < runs; i++) {
      if (localise(profile, decoyKey(1000 + i), { tokens }, { alpha, kernel }).length > 0) alarms++;
    }
    expect(alarms).toBeLessThan(bound(runs, alpha));
  });

  it("canary: the steepest window without a correction for the search breaks the rate", () => {
    const random = lehmer(77);
    const [runs, alpha] = [200, 0.05];
    let alarms = 0;
    for (let run = 0; run < runs; run++) {
      const scores = Float64Array.from({ length: 600 }, () => (random.next() < 0.25 ? 1 : 0));
      const [walk] = walksOf(law, scores.length);
      let [height, steepest] = [-Infinity, 0];
      for (const score of scores) {
        height = walk.carry(height) + walk.step(score);
        steepest = Math.max(steepest, height);
      }
      // The likelihood ratio of a window chosen in advance has P(ratio ≥ 1/α) ≤ α.
      if (steepest * walk.unit >= -Math.log(alpha)) alarms++;
    }
    expect(alarms).toBeGreaterThan(bound(runs, alpha));
  });

  it("knows the law of the steepest window: equal to the count over all texts of 14 coins", () => {
    const n = 14;
    for (const walk of walksOf(law, 100).filter(({ block }) => block <= 2)) {
      const chance = new Map<number, number>();
      for (let text = 0; text < 2 ** n; text++) {
        let [height, steepest, green] = [-Infinity, 0, 0];
        for (let i = 0; i + walk.block <= n; i += walk.block) {
          const sum = [...Array(walk.block).keys()].filter((j) => (text >> (i + j)) & 1).length;
          height = walk.carry(height) + walk.step(sum);
          steepest = Math.max(steepest, height);
        }
        for (let i = 0; i < n; i++) green += (text >> i) & 1;
        chance.set(steepest, (chance.get(steepest) ?? 0) + 0.25 ** green * 0.75 ** (n - green));
      }
      let above = 0;
      for (const units of [...chance.keys()].sort((a, b) => b - a)) {
        above += chance.get(units) ?? 0;
        expect(maximumP(walk, n, units) / above).toBeCloseTo(1, 9);
      }
    }
  });

  it("simulates to the same law where the chances of the walks overlap", () => {
    const random = lehmer(78);
    const n = 300;
    const family = new Family(law, n);
    const [runs, alpha] = [400, 0.05];
    let alarms = 0;
    for (let run = 0; run < runs; run++) {
      const scores = Float64Array.from({ length: n }, () => (random.next() < 0.25 ? 1 : 0));
      if (scan(law, scores, alpha).length > 0) alarms++;
    }
    expect(alarms).toBeLessThan(bound(runs, alpha));
    // Not conservative either: Bonferroni over the windows would leave most of α unused.
    expect(alarms).toBeGreaterThan((runs * alpha) / 3);
    expect(family.pValue(200, alpha)).toBeCloseTo(Math.exp(-200), 100);
  });

  it("covers the true ends with its intervals nine times in ten", () => {
    const runs = 50;
    let covered = 0;
    for (let seed = 1; seed <= runs; seed++) {
      const start = 300 + seed;
      const spans = localise(profile, key, {
        tokens: withSpans(1500, [[start, start + 300]], 10 + seed),
      });
      if (spans.length !== 1) continue;
      const { startInterval: s, endInterval: e } = spans[0];
      if (s[0] <= start && start <= s[1]) covered++;
      if (e[0] <= start + 300 && start + 300 <= e[1]) covered++;
    }
    expect(covered / (2 * runs)).toBeGreaterThan(0.9);
  });

  it("takes time in proportion to the text: some walks of fewer blocks each", () => {
    const n = 1_000_000;
    const walks = walksOf(law, n);
    expect(walks.length).toBeLessThan(30);
    expect(walks.reduce((sum, { block }) => sum + n / block, 0)).toBeLessThan(8 * n);
    expect(walksOf(law, 0)).toEqual([]);
  });

  it.each(LAWS)(
    "a step of a walk has its law, and a mean likelihood ratio of at most 1: %j",
    (other) => {
      for (const walk of walksOf(other, 2000)) {
        const { lowest, probabilities, unit } = walk;
        const total = probabilities.reduce((sum, p) => sum + p, 0);
        const ratio = probabilities.reduce(
          (sum, p, i) => sum + p * Math.exp((lowest + i) * unit),
          0,
        );
        expect(total).toBeCloseTo(1, 9);
        expect(ratio).toBeCloseTo(1, 9);
      }
    },
  );

  it("weighs simulated texts by the law: equal to the count over all texts of 12 coins", () => {
    const n = 12;
    const searches = searchesOf(
      walksOf(law, 200).filter(({ block }) => block <= 2),
      n,
    );
    const simulated = new SimulatedTexts(law, n, searches);
    const all = Array.from({ length: 2 ** n }, (_, text) => {
      const coins = Array.from({ length: n }, (_, i) => (text >> i) & 1);
      const green = coins.reduce((sum, coin) => sum + coin, 0);
      return { coins, chance: 0.25 ** green * 0.75 ** (n - green) };
    });
    /** The most evidence of the first coins. */
    const most = (coins: readonly number[]): number =>
      Math.max(
        ...searches.map(({ walk, cost }) => {
          let [height, steepest] = [-Infinity, -Infinity];
          for (let end = walk.block; end <= coins.length; end += walk.block) {
            const sum = coins.slice(end - walk.block, end).reduce((a, b) => a + b, 0);
            height = walk.carry(height) + walk.step(sum);
            steepest = Math.max(steepest, height);
          }
          return steepest * walk.unit - cost;
        }),
      );
    for (const [evidence, coins] of [
      [0.5, n],
      [1, n],
      [2, n],
      [1, 10],
    ]) {
      const exact = all
        .filter((text) => most(text.coins.slice(0, coins)) >= evidence - 1e-9)
        .reduce((sum, { chance }) => sum + chance, 0);
      expect(Math.abs((simulated.chance(evidence, coins) ?? 0) / exact - 1)).toBeLessThan(0.06);
      // Canary: the bound that decides most windows is not that close.
      expect(Math.abs(Math.exp(-evidence) / exact - 1)).toBeGreaterThan(0.2);
    }
    expect(simulated.chance(-1, n)).toBeNull();
    expect(simulated.chance(50, n)).toBeNull();
    expect(new SimulatedTexts(law, 10_000_000, searches).chance(2, n)).toBeNull();
  });

  it.each(LAWS)("knows the law of one walk by simulation as it does exactly: %j", (other) => {
    const n = 250;
    for (const walk of walksOf(other, n).filter((_, i) => i % 2 === 0)) {
      const [search] = searchesOf([walk], n);
      const simulated = new SimulatedTexts(other, n, [search]);
      for (const evidence of [1, 5]) {
        const units = Math.ceil((evidence + search.cost) / walk.unit - 1e-9);
        const ratio = (simulated.chance(evidence, n) ?? 0) / maximumP(walk, n, units);
        expect(Math.abs(ratio - 1)).toBeLessThan(0.07);
      }
    }
  });
});
