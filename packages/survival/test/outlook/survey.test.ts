import { type Tokens, bindScheme } from "@verdigris/core";
import {
  ServingSketch,
  closedTest,
  leverageWeights,
  servedFilter,
  weightedClosedTest,
} from "@verdigris/detector";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Corpus,
  type Material,
  STUDENT_FAMILIES,
  type SurveyOptions,
  type Text,
  type TrafficSource,
  apprentice,
  forecast,
  mixCorpus,
  parseFamilies,
  randomStream,
  surveySketch,
  surveyTraffic,
  survivabilityBudget,
  teacherExcess,
} from "../../src/index.js";
import { smallMaterial } from "../support.js";

const [COUNT] = STUDENT_FAMILIES;
const RULE = { alpha: 1e-5, power: 0.9, tokens: [200] };

async function* each(texts: readonly Tokens[]): AsyncGenerator<Tokens> {
  yield* texts;
}

/** Every distinct window of order 1 of texts, as contexts of the whole text before it. */
function windowsOf(texts: readonly Text[]): Tokens[] {
  const seen = new Set<number>();
  return texts.flatMap(({ tokens }) =>
    [...tokens.keys()].slice(1).flatMap((end) => {
      if (seen.has(tokens[end - 1])) return [];
      seen.add(tokens[end - 1]);
      return [tokens.subarray(Math.max(0, end - 64), end)];
    }),
  );
}

let material: Material;
let filler: readonly Text[];
let heldOut: readonly Text[];

beforeAll(async () => {
  material = await smallMaterial();
  const half = Math.round(material.unmarked.length / 2);
  [filler, heldOut] = [material.unmarked.slice(0, half), material.unmarked.slice(half)];
});

function corpusOf(rho: number): Corpus {
  const source = { marked: material.arms[0].texts, unmarked: filler };
  return mixCorpus(source, { rho, tokens: 4000, random: randomStream("corpus", rho) });
}

function sourceOf(corpus: Corpus): TrafficSource {
  const part = (marked: boolean): Tokens[] =>
    corpus.texts.filter((_, i) => corpus.marked[i] === marked).map(({ tokens }) => tokens);
  return {
    served: () => each(part(true)),
    audit: () => each(heldOut.map(({ tokens }) => tokens)),
    ...(corpus.rho < 1 ? { filler: () => each(part(false)) } : {}),
  };
}

function survey(source: TrafficSource, change: Partial<SurveyOptions> = {}) {
  const [arm] = material.arms;
  const scheme = bindScheme(arm.profile, arm.key);
  return surveyTraffic(source, { scheme, shares: [1], order: 5, ...change });
}

describe("a survey of traffic", () => {
  it.each([1, 0.5, 0.1])(
    "counts what the law counts in the whole corpus, rho = %d",
    async (rho) => {
      const corpus = corpusOf(rho);
      const found = await survey(sourceOf(corpus));
      const [arm] = material.arms;
      const scheme = bindScheme(arm.profile, arm.key);
      for (const [inertia, order] of [
        [20, 5],
        [3, 2],
        [50, 1],
      ]) {
        const family = { ...COUNT, inertia, order };
        const law = forecast(scheme, corpus, {
          learner: { gain: 1, inertia, order },
          contexts: windowsOf(heldOut),
          excess: teacherExcess(scheme, arm.texts),
        });
        const own = found.leverage(family, { share: 1, rho: corpus.rho });
        expect(own.length).toBe(windowsOf(heldOut).length);
        const mean = own.reduce((sum, one) => sum + one, 0) / own.length;
        // Contexts that end in one window differ in what lies before it, which only deeper levels see.
        if (order === 1) expect(mean).toBeCloseTo(law.markedLeverage, 12);
        else expect(Math.abs(mean / law.markedLeverage - 1)).toBeLessThan(0.05);
      }
    },
  );

  it("reads the log once where the auditor's text is given, else twice, and gives the same each time", async () => {
    const texts = material.arms[0].texts.map(({ tokens }) => tokens);
    let passes = 0;
    const served = (): AsyncGenerator<Tokens> => {
      passes++;
      return each(texts);
    };
    const once = await survey({ served, audit: () => each(texts.slice(0, 5)) });
    expect(passes).toBe(1);
    expect(once.served.texts).toBe(texts.length);
    const [a, b] = [await survey({ served }), await survey({ served })];
    expect(passes).toBe(5);
    expect(a.served.texts).toBeLessThan(texts.length);
    expect(a.size).toBeGreaterThan(10);
    const budget = (of: typeof a): string =>
      JSON.stringify(survivabilityBudget(of, { families: [COUNT], rho: 1, ...RULE }));
    expect(budget(a)).toBe(budget(b));
  });

  it("keeps within the windows and tokens asked for", async () => {
    const texts = material.arms[0].texts.map(({ tokens }) => tokens);
    const found = await survey({ served: () => each(texts) }, { windows: 20, heldOut: 0.9 });
    expect(found.size).toBeLessThanOrEqual(20);
    // 20 windows allow 400 tokens of 100 a text: most of the log still counts as served.
    expect(found.served.tokens).toBeGreaterThanOrEqual(5000);
  });

  it("a thief of a larger share has all that one of a smaller has", async () => {
    const texts = material.arms[0].texts.map(({ tokens }) => tokens);
    const source = { served: () => each(texts), audit: () => each(texts.slice(0, 9)) };
    const found = await survey(source, { shares: [0.1, 0.5, 1] });
    const [tenth, half, whole] = [0.1, 0.5, 1].map((share) =>
      found.leverage(COUNT, { share, rho: 1 }),
    );
    expect(found.taken(2)).toEqual(found.served);
    for (let i = 0; i < whole.length; i++) {
      expect(tenth[i]).toBeLessThanOrEqual(half[i]);
      expect(half[i]).toBeLessThanOrEqual(whole[i]);
    }
  });

  it.each([
    [{ shares: [0.5, 0.1] }, "rising numbers in (0, 1]"],
    [{ shares: [0] }, "rising numbers in (0, 1]"],
    [{ order: 0 }, "at least h = 1, got 0"],
  ])("refuses %j", async (change, says) => {
    await expect(survey({ served: () => each([]) }, change)).rejects.toThrow(says);
  });

  it("refuses shares and rho that it does not have, and traffic without windows", async () => {
    const found = await survey(sourceOf(corpusOf(1)));
    expect(() => found.leverage(COUNT, { share: 0.3, rho: 1 })).toThrow("share: expected one of 1");
    expect(() => found.leverage(COUNT, { share: 1, rho: 0 })).toThrow("rho: expected");
    const empty = await survey({ served: () => each([]) });
    expect(() => survivabilityBudget(empty, { families: [COUNT], rho: 1, ...RULE })).toThrow(
      "at least one window",
    );
  });
});

describe("a survey from a sketch", () => {
  it("says what the log itself says of a student that looks back h tokens", async () => {
    const [arm] = material.arms;
    const scheme = bindScheme(arm.profile, arm.key);
    const texts = arm.texts.map(({ tokens }) => tokens);
    const audit = (): AsyncGenerator<Tokens> => each(heldOut.map(({ tokens }) => tokens));
    const sketch = new ServingSketch({ h: 1, salt: new Uint8Array(32) });
    for (const tokens of texts) sketch.add(tokens);
    const log = await survey({ served: () => each(texts), audit }, { order: 1 });
    const options = { scheme, shares: [0.1, 1] };
    const found = await surveySketch({ sketch, audit, excess: 0.3 }, options);
    const family = { ...COUNT, order: 1 };
    const [own, exact] = [found, log].map((one) => one.leverage(family, { share: 1, rho: 1 }));
    expect([...own]).toEqual([...exact].map((leverage) => expect.closeTo(leverage, 12)));
    expect(found.teacher).toEqual({ mean: 0.3, standardError: 0 });
    const [, outlook] = survivabilityBudget(found, { families: [family], rho: 1, ...RULE });
    expect(outlook.weightings[0].epsilon.value).toBeCloseTo(0.3 * outlook.markedLeverage, 12);
    // A tenth of every window: n/10 examples, in expectation.
    const tenth = found.leverage(family, { share: 0.1, rho: 1 });
    expect([...tenth]).toEqual([...own].map((l) => expect.closeTo(l / (10 - 9 * l), 9)));
  });

  it("refuses a sketch of another width", async () => {
    const [arm] = material.arms;
    const sketch = new ServingSketch({ h: 2, salt: new Uint8Array(32) });
    const scheme = bindScheme(arm.profile, arm.key);
    const source = { sketch, audit: () => each([]), excess: 0.3 };
    await expect(surveySketch(source, { scheme, shares: [1] })).rejects.toThrow(
      "sketch: expected one of h = 1, got 2",
    );
  });
});

describe("the budget against students", () => {
  it("forecasts the mean z of plain, filtered and weighted closed audits over students", async () => {
    const [arm] = material.arms;
    const scheme = bindScheme(arm.profile, arm.key);
    const corpus = corpusOf(1);
    const found = await survey(sourceOf(corpus));
    const [outlook] = survivabilityBudget(found, { families: [COUNT], rho: 1, ...RULE });
    const contexts = windowsOf(heldOut);
    const sketch = new ServingSketch({ h: 1, salt: new Uint8Array(32) });
    for (const { tokens } of corpus.texts) sketch.add(tokens);
    const student = await apprentice({ kind: "count", order: 5, inertia: 20 }, material).train(
      corpus,
      randomStream("train"),
    );
    const students = 60;
    const sums = [0, 0, 0];
    for (let s = 0; s < students; s++) {
      const draws = { contexts, tokens: await student.draw(contexts, randomStream("draw", s)) };
      sums[0] += closedTest(scheme, draws).zScore / students;
      sums[1] += weightedClosedTest(scheme, draws, servedFilter(sketch)).zScore / students;
      sums[2] += weightedClosedTest(scheme, draws, leverageWeights(sketch, 20)).zScore / students;
    }
    const expected = outlook.weightings.map(({ epsilon, efficiency }) => {
      const n = contexts.length * efficiency;
      return epsilon.value / Math.sqrt(3 / 16 / n);
    });
    sums.forEach((z, i) => {
      // One key and one corpus stay as they are: their part of the noise of an audit, whose z has a standard error of 1.
      expect(Math.abs(z - expected[i])).toBeLessThan(1.5 + 0.1 * expected[i]);
    });
    expect(outlook.largestZ).toBeGreaterThanOrEqual(expected[0]);
  });

  it("scales with the gain, the exponent and what attacks leave", async () => {
    const found = await survey(sourceOf(corpusOf(0.5)));
    const epsilon = (change: object, factors?: readonly number[]): number => {
      const families = [{ ...COUNT, ...change }];
      const options = { families, rho: 0.5, ...RULE, ...(factors ? { factors } : {}) };
      return survivabilityBudget(found, options)[0].weightings[0].epsilon.value;
    };
    const plain = epsilon({});
    const gain = { value: 0.25, lower: 0.2, upper: 0.3 };
    expect(epsilon({ gain })).toBeCloseTo(0.25 * plain, 12);
    expect(epsilon({ exponent: 0.6 })).toBeCloseTo(plain * 0.5 ** -0.4, 12);
    expect(epsilon({}, [0.5, 0.4])).toBeCloseTo(0.2 * plain, 12);
  });
});

describe("families of students", () => {
  it.each([
    [[], "students"],
    [[{ ...COUNT, gain: { value: 1, lower: 2, upper: 3 } }], "lower ≤ value ≤ upper"],
    [[{ ...COUNT, order: 0 }], "students.0.order"],
  ])("refuses %j", (value, says) => {
    expect(() => parseFamilies(value)).toThrow(says);
  });
});
