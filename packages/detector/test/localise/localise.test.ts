import { Key, bindScheme, createKernel } from "@verdigris/core";
import { lehmer, randomTokens, testProfile } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import { binomialLog10P, decoyKey, evidenceOf, localise } from "../../src/index.js";
import { scan, windowLengths } from "../../src/localise/scan.js";

const kernel = createKernel();
const key = Key.fromBytes(new Uint8Array(32).fill(4));
const profile = testProfile({ h: 1, V: 4096 });
/** A level that even corrected p-values above 1 meet: every window with an excess comes back. */
const EVERY = 1e12;
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

describe("localisation", () => {
  it("finds one span in a text, and its ends within their intervals", () => {
    const [span, ...others] = localise(profile, key, {
      tokens: withSpans(4000, [[1500, 1800]], 1),
    });
    expect(others).toEqual([]);
    expect(span.log10P).toBeLessThan(-20);
    expect(Math.abs(span.start - 1500)).toBeLessThan(20);
    expect(Math.abs(span.end - 1800)).toBeLessThan(20);
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
    const [runs, alpha] = [400, 0.05];
    let alarms = 0;
    for (let i = 0; i < runs; i++) {
      if (localise(profile, decoyKey(1000 + i), { tokens }, { alpha, kernel }).length > 0) alarms++;
    }
    expect(alarms).toBeLessThan(bound(runs, alpha));
  });

  it("canary: the same windows without a correction break the rate", () => {
    const random = lehmer(77);
    const [runs, alpha] = [200, 0.05];
    let alarms = 0;
    for (let run = 0; run < runs; run++) {
      const scores = Float64Array.from({ length: 600 }, () => (random.next() < 0.25 ? 1 : 0));
      const best = Math.min(
        ...scan(law, scores, EVERY).map(({ start, end }) => {
          const sum = scores.subarray(start, end).reduce((all, score) => all + score, 0);
          return evidenceOf(law, { n: end - start, sum }).log10P;
        }),
        0,
      );
      if (best <= Math.log10(alpha)) alarms++;
    }
    expect(alarms).toBeGreaterThan(bound(runs, alpha));
  });

  it("covers the true ends with its intervals nine times in ten", () => {
    const runs = 100;
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

  it("tries windows of geometrically growing lengths, the whole text last", () => {
    expect(windowLengths(20)).toEqual([8, 10, 13, 17, 20]);
    expect(windowLengths(0)).toEqual([]);
    expect(windowLengths(100_000).length).toBeLessThan(50);
  });

  it("takes time in proportion to the text: a few windows a coin", () => {
    const scores = Float64Array.from({ length: 20_000 }, (_, i) => i % 2);
    expect(scan(law, scores, EVERY).length).toBeLessThan(6 * scores.length);
  });
});
