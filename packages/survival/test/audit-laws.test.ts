/**
 * Laws of the audit of a trained student, over 5 keys: weights by leverage raise z (L15), and an audit that is looked at after
 * every answer keeps its level (L16). Canary: looking at the exact p-value of a fixed number of answers does not.
 */
import { bindScheme, coinsOf, createKernel } from "@verdigris/core";
import { testProfile } from "@verdigris/core/testing";
import {
  ServingSketch,
  WeightedEProcess,
  binomialLog10P,
  closedTest,
  decoyKey,
  evidenceOf,
  leverageWeights,
  servedFilter,
  weightedClosedTest,
} from "@verdigris/detector";
import { beforeAll, describe, expect, it } from "vitest";
import { randomStream } from "../src/index.js";
import { V } from "./support.js";
import { type Thief, thieves } from "./training-attacks/students.js";

const INERTIA = 20;

/** What was served under each key. */
function sketchOf({ scheme, corpus }: Thief): ServingSketch {
  const salt = new Uint8Array(32).fill(9);
  const sketch = new ServingSketch({ h: scheme.h, width: 2 ** 16, salt });
  for (const { tokens } of corpus.texts) sketch.add(tokens);
  return sketch;
}

const byWidth = new Map<number, readonly Thief[]>();
beforeAll(async () => {
  for (const h of [2, 3]) byWidth.set(h, await thieves(h));
});

describe.each([2, 3])("weights by leverage, h = %s (L15)", (h) => {
  it("raise z of a closed audit by a fifth and more, and above the filter's", async () => {
    const z = { plain: 0, filtered: 0, weighted: 0 };
    const random = randomStream("closed", h);
    for (const thief of byWidth.get(h) ?? []) {
      const { scheme, student, contexts } = thief;
      const sketch = sketchOf(thief);
      // The mean of several audits: z itself has standard error 1.
      for (let repeat = 0; repeat < 6; repeat++) {
        const draws = { contexts, tokens: await student.draw(contexts, random) };
        z.plain += closedTest(scheme, draws).zScore;
        z.filtered += weightedClosedTest(scheme, draws, servedFilter(sketch, 3)).zScore;
        z.weighted += weightedClosedTest(scheme, draws, leverageWeights(sketch, INERTIA)).zScore;
      }
    }
    expect(z.weighted).toBeGreaterThan(1.2 * z.plain);
    expect(z.weighted).toBeGreaterThan(z.filtered);
  });
});

describe("an audit that may stop at any answer (L16)", () => {
  const KEYS = 300;
  const ALPHA = 0.05;

  it("keeps its level over 300 keys; peeking at a fixed-length p-value does not", async () => {
    const [thief] = byWidth.get(2) ?? [];
    const contexts = thief.contexts.slice(0, 500);
    const tokens = await thief.student.draw(contexts, randomStream("anytime"));
    const pairs = contexts.map((context, k) => [...context.subarray(-2), tokens[k]]);
    const weighting = leverageWeights(sketchOf(thief), INERTIA);
    const weights = pairs.map((pair) => weighting(Uint32Array.from(pair), 2)[0]);
    // Windows end to end: every third coin is one of the audit's.
    const laid = Uint32Array.from(pairs.flat());
    const profile = testProfile({ id: "attacks", V, h: 2 });
    const kernel = createKernel();
    const ever = { detected: 0, peeked: 0 };
    for (let i = 0; i < KEYS; i++) {
      const scheme = bindScheme(profile, decoyKey(i), kernel);
      const { score } = coinsOf(scheme, laid);
      const process = new WeightedEProcess(scheme.law);
      let [sum, detected, peeked] = [0, false, false];
      weights.forEach((weight, k) => {
        process.push(score[3 * k], weight);
        sum += score[3 * k];
        detected ||= process.log10E() >= -Math.log10(ALPHA);
        const look = k % 10 === 9;
        peeked ||= look && evidenceOf(scheme.law, { n: k + 1, sum }).log10P <= Math.log10(ALPHA);
      });
      if (detected) ever.detected++;
      if (peeked) ever.peeked++;
    }
    let bound = 0;
    while (binomialLog10P(bound, KEYS, ALPHA) > -9) bound++;
    expect(ever.detected).toBeLessThan(bound);
    // Canary.
    expect(ever.peeked).toBeGreaterThan(bound);
  });
});
