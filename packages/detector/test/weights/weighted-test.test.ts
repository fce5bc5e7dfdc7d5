import {
  type NullLaw,
  type Scheme,
  Key,
  bindScheme,
  coinsOf,
  createKernel,
  moments,
} from "@verdigris/core";
import { lehmer, randomTokens, testProfile } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import {
  ServingSketch,
  Tally,
  type Weighting,
  binomialLog10P,
  decoyKey,
  entropyWeights,
  evidenceOf,
  gammaLog10Q,
  leverageWeights,
  repeatWeights,
  servedFilter,
  weightedClosedTest,
  closedTest,
  weightedEvidenceOf,
  weightedTest,
} from "../../src/index.js";

const kernel = createKernel();
const V = 1024;
const green = testProfile({ V, h: 2 });
const gumbel = testProfile({ V, h: 2, scheme: "gumbel", parameters: {} });
const bernoulli: NullLaw = { kind: "bernoulli", p: 0.25 };

/** Text of few words, and a sketch of a log that holds its first half often. */
function served(): { readonly text: Uint32Array; readonly sketch: ServingSketch } {
  const text = randomTokens(240, 40, 12);
  const sketch = new ServingSketch({ h: 2, width: 2 ** 12, salt: new Uint8Array(32) });
  for (let i = 0; i < 30; i++) sketch.add(text.subarray(0, 40 + 4 * i));
  return { text, sketch };
}

describe("a weighted sum of coins", () => {
  it("has the exact tail where all weights are equal", () => {
    const scores = Float64Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? 1 : 0));
    const { log10P, n, effectiveN } = weightedEvidenceOf(bernoulli, {
      scores,
      weights: scores.map(() => 0.3),
    });
    expect(log10P).toBeCloseTo(binomialLog10P(25, 50, 0.25), 12);
    expect([n, effectiveN]).toEqual([50, 50]);
    const sums = { scores: scores.map((s) => 3 * s), weights: scores.map(() => 7) };
    expect(weightedEvidenceOf({ kind: "exponential" }, sums).log10P).toBeCloseTo(
      gammaLog10Q(75, 50),
      12,
    );
  });

  it("has the tail that counting all outcomes gives", () => {
    const weights = Array.from({ length: 16 }, (_, i) => 1 + (i % 5));
    for (const reached of [22, 28, 34, 40]) {
      let p = 0;
      for (let outcome = 0; outcome < 2 ** 16; outcome++) {
        let [sum, ones] = [0, 0];
        for (let i = 0; i < 16; i++) {
          if (((outcome >>> i) & 1) === 0) continue;
          sum += weights[i];
          ones++;
        }
        if (sum >= reached) p += 0.25 ** ones * 0.75 ** (16 - ones);
      }
      const scores = scoresReaching(weights, reached);
      const { log10P } = weightedEvidenceOf(bernoulli, {
        scores,
        weights: weights.map((w) => 51 * w),
      });
      expect(log10P).toBeCloseTo(Math.log10(p), 10);
    }
  });

  it("ignores coins of weight 0, and of no coins says nothing", () => {
    const some = weightedEvidenceOf(bernoulli, { scores: [1, 1, 0], weights: [1, 0, 1] });
    expect([some.n, some.sum]).toEqual([2, 1]);
    expect(weightedEvidenceOf(bernoulli, { scores: [1], weights: [0] })).toMatchObject({
      n: 0,
      log10P: 0,
    });
    expect(weightedEvidenceOf(bernoulli, { scores: [], weights: [] })).toMatchObject({
      n: 0,
      log10P: 0,
    });
  });

  it.each([[-1], [Number.NaN], [Infinity]])("refuses a weight of %s", (weight) => {
    const run = (): unknown => weightedEvidenceOf(bernoulli, { scores: [1], weights: [weight] });
    expect(run).toThrow(/^weights\[0\]: expected a finite number from 0, got/);
  });

  /** A pattern of ones whose weights add up to the sum exactly. */
  function scoresReaching(weights: readonly number[], sum: number): readonly number[] {
    let left = sum;
    return weights.map((weight) => {
      const takes = weight <= left && (left - weight !== 1 || weights.includes(1));
      if (takes) left -= weight;
      return takes ? 1 : 0;
    });
  }
});

describe("the weighted test of a text", () => {
  const { text, sketch } = served();
  const weightings: readonly (readonly [string, Weighting])[] = [
    ["leverage", leverageWeights(sketch, 20)],
    ["the served filter", servedFilter(sketch, 3)],
    ["repeats", repeatWeights(green.h)],
  ];

  it("with equal weights is the plain test", () => {
    const scheme = bindScheme(green, decoyKey(3), kernel);
    const plain = new Tally(scheme);
    plain.add({ tokens: text });
    const { n, sum, log10P } = evidenceOf(scheme.law, plain.count());
    const weighted = weightedTest(scheme, [{ tokens: text }], (tokens, from) =>
      new Float64Array(tokens.length - from).fill(2),
    );
    expect(weighted).toMatchObject({ n, sum, log10P });
  });

  it.each(weightings)("by %s calls independent text marked α of the time", (_, weighting) => {
    for (const profile of [green, gumbel]) {
      const alarms = alarmsOver(600, profile, () => weighting);
      expect(binomialLog10P(alarms, 600, 0.05)).toBeGreaterThan(-9);
    }
  });

  it("canary: weights chosen with the key's scores are caught", () => {
    const peeking =
      (scheme: Scheme): Weighting =>
      (tokens, from) =>
        coinsOf(scheme, tokens, from).score.map((score) =>
          score > moments(scheme.law).mean ? 1 : 0.7,
        );
    const alarms = alarmsOver(200, green, peeking);
    expect(alarms / 200).toBeGreaterThan(1.3 * 0.05);
    expect(binomialLog10P(alarms, 200, 0.05)).toBeLessThan(-9);
  });

  /** Rejections at α = .05 of one text over many keys. */
  function alarmsOver(
    keys: number,
    profile: typeof green,
    weightingFor: (scheme: Scheme) => Weighting,
  ): number {
    let alarms = 0;
    for (let key = 0; key < keys; key++) {
      const scheme = bindScheme(profile, decoyKey(key), kernel);
      const { log10P } = weightedTest(scheme, [{ tokens: text }], weightingFor(scheme));
      if (log10P <= Math.log10(0.05)) alarms++;
    }
    return alarms;
  }
});

describe("the weighted test of a model", () => {
  it("by leverage finds what a student learned from served windows better than the plain test", () => {
    const scheme = bindScheme(green, Key.fromBytes(new Uint8Array(32).fill(5)), kernel);
    const random = lehmer(8);
    const contexts = Array.from({ length: 4000 }, (_, i) =>
      Uint32Array.of(i % 1000, 4 + Math.floor(i / 1000)),
    );
    const sketch = new ServingSketch({ h: 2, salt: new Uint8Array(32) });
    // One context in ten was served fifty times, and only there does the student prefer green.
    contexts.forEach((context, i) => {
      if (i % 10 === 0) for (let k = 0; k < 50; k++) sketch.add(Uint32Array.of(...context, 0));
    });
    const tokens = Uint32Array.from(contexts, (context, i) => {
      const ids = Uint32Array.from({ length: 2 }, () => Math.floor(random.next() * V));
      const logits = new Float32Array(2);
      scheme.reweight(context, logits, ids);
      return i % 10 === 0 && logits[1] > logits[0] ? ids[1] : ids[0];
    });
    const draws = { contexts, tokens };
    const plain = closedTest(scheme, draws);
    const weighted = weightedClosedTest(scheme, draws, leverageWeights(sketch, 20));
    expect(weighted.zScore).toBeGreaterThan(2 * plain.zScore);
    expect(weighted.log10P).toBeLessThan(-6);
  });
});

describe("entropy weights", () => {
  it("are √H of the model's law before each token", async () => {
    const laws = [
      new Float32Array([0, 0, 0, 0]),
      new Float32Array([0, -Infinity]),
      new Float32Array([5, 5]),
    ];
    const pushed: number[] = [];
    const model = {
      vocabularySize: 4,
      endTokens: new Set<number>(),
      start: () => ({
        next: () => ({ ids: new Uint32Array(0), logits: laws[pushed.length] }),
        push: (token: number) => void pushed.push(token),
        end: () => {},
      }),
    };
    const weights = await entropyWeights(model, new Uint32Array(0), Uint32Array.of(3, 0, 1));
    expect(pushed).toEqual([3, 0, 1]);
    const wanted = [Math.sqrt(Math.log(4)), 0, Math.sqrt(Math.log(2))];
    weights.forEach((weight, i) => expect(weight).toBeCloseTo(wanted[i], 12));
  });

  it.each([[0], [-1], [Number.NaN]])("leverage refuses inertia = %s", (inertia) => {
    const { sketch } = served();
    expect(() => leverageWeights(sketch, inertia)).toThrow(
      /^inertia: expected a number above 0, got/,
    );
  });
});
