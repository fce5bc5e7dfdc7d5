/**
 * What a thief can do between collecting and serving, against the survival law, over 5 keys. Tolerances are about four
 * standard errors of a share over the keys; each law has a canary, a nearby law that lies outside them.
 */
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Surroundings,
  capabilityOf,
  corpusOf,
  randomStream,
  trainingAttack,
  trainingAttackSchema,
} from "../../src/index.js";
import { below } from "../../src/random.js";
import { neuralStudent } from "../../src/students/neural.js";
import { type Left, type Thief, left, thieves } from "./students.js";

const TOLERANCE = 0.05;
const byWidth = new Map<number, readonly Thief[]>();
beforeAll(async () => {
  for (const h of [1, 2]) byWidth.set(h, await thieves(h));
});

const leftOf = (h: number, config: object): Promise<Left> =>
  left(byWidth.get(h) ?? [], trainingAttack(trainingAttackSchema.parse(config)));

describe.each([1, 2])("clean continued training, h = %s (L7)", (h) => {
  it("keeps the share of the excess that the law says, less the longer it goes on", async () => {
    const shares: Left[] = [];
    for (const ratio of [0.25, 1, 2])
      shares.push(await leftOf(h, { kind: "clean-training", ratio }));
    for (const { measured, expected } of shares) {
      expect(Math.abs(measured - expected)).toBeLessThan(TOLERANCE);
    }
    const [short, equal, long] = shares;
    expect(short.measured).toBeLessThan(1);
    expect(equal.measured).toBeLessThan(short.measured);
    expect(long.measured).toBeLessThan(equal.measured);
    expect(long.measured).toBeGreaterThan(0.2);
    expect(equal.kept).toBeGreaterThan(0.95);
    // Canary: the law for other amounts of clean text is further off than the tolerance.
    expect(Math.abs(equal.measured - short.expected)).toBeGreaterThan(TOLERANCE);
    expect(Math.abs(equal.measured - long.expected)).toBeGreaterThan(TOLERANCE);
  });
});

describe.each([1, 2])("untargeted paraphrase, h = %s", (h) => {
  it.each([0.1, 0.3])("of a share %s leaves about (1 − q)^(h + 1)", async (share) => {
    const { measured, expected, kept } = await leftOf(h, { kind: "paraphrase", share });
    expect(Math.abs(measured - expected)).toBeLessThan(TOLERANCE);
    // Some draws hit the old token, so that windows survive a little more often than that.
    expect(Math.abs(expected - (1 - share) ** (h + 1))).toBeLessThan(TOLERANCE);
    expect(kept).toBeLessThan(0.95);
    // Canary: one factor more or less.
    for (const exponent of [h, h + 2]) {
      if (share < 0.2) break;
      expect(Math.abs(measured - (1 - share) ** exponent)).toBeGreaterThan(TOLERANCE);
    }
  });
});

describe.each([1, 2])("mixing the marks of several providers, h = %s", (h) => {
  it("leaves what the law says of a corpus with so much less of this mark", async () => {
    const { measured, expected, kept } = await leftOf(h, { kind: "mixing", share: 0.5 });
    expect(Math.abs(measured - expected)).toBeLessThan(TOLERANCE);
    expect(kept).toBeGreaterThan(0.95);
    // Canary: with next to none of the others', next to all of the excess is left.
    const none = await leftOf(h, { kind: "mixing", share: 0.001 });
    expect(none.measured - measured).toBeGreaterThan(0.3);
  });

  it("asks for other providers' text", () => {
    const { cleanTexts, apprenticeship, random, vocabularySize } = (byWidth.get(h) ?? [])[0]
      .surroundings;
    const attack = trainingAttack({ kind: "mixing", share: 0.5 });
    const alone = { cleanTexts, apprenticeship, random, vocabularySize };
    const corpus = { texts: [], marked: [], tokenCount: 0, rho: 0 };
    return expect(attack.corpus?.(corpus, alone)).rejects.toThrow(
      "foreignTexts: expected one for the attack mixing, got none",
    );
  });
});

describe("targeted paraphrase", () => {
  it("removes more than an untargeted one of the same share, if the width is guessed", async () => {
    const untargeted = await leftOf(1, { kind: "paraphrase", share: 0.2 });
    const guessed = await leftOf(1, { kind: "targeted-paraphrase", share: 0.2, width: 1 });
    expect(guessed.measured).toBeLessThan(untargeted.measured - 1.5 * TOLERANCE);
    // What it takes is greener than what an untargeted one takes, which the law of traces does not know.
    expect(guessed.expected - guessed.measured).toBeGreaterThan(2 * TOLERANCE);
    // Canary: with the wrong width it takes what is striking for other reasons.
    const wrong = await leftOf(1, { kind: "targeted-paraphrase", share: 0.2, width: 0 });
    expect(Math.abs(wrong.expected - wrong.measured)).toBeLessThan(TOLERANCE);
  });
});

describe("attacks that go through text", () => {
  /** Words are tokens, but for some pairs that the tokenizer reads as one. */
  const merges = new Map(
    Array.from({ length: 400 }, (_, i) => [`w${i % 20} w${Math.floor(i / 20)}`, i]),
  );
  const tokenizer = {
    decode: (ids: Uint32Array): string => Array.from(ids, (id) => `w${id}`).join(" "),
    encode(text: string): Uint32Array {
      const words = text.split(" ");
      const ids: number[] = [];
      for (let i = 0; i < words.length; i++) {
        const merged = merges.get(`${words[i]} ${words[i + 1]}`);
        if (merged !== undefined) i++;
        ids.push(merged ?? Number(words[i].slice(1)));
      }
      return Uint32Array.from(ids);
    },
  };
  const plain = {
    ...tokenizer,
    encode: (text: string): Uint32Array =>
      Uint32Array.from(text.split(" "), (w) => Number(w.slice(1))),
  };
  const around = (h: number, more: Partial<Surroundings>): readonly Thief[] =>
    (byWidth.get(h) ?? []).map((thief) => ({
      ...thief,
      surroundings: { ...thief.surroundings, ...more },
    }));

  it.each([1, 2])("retokenisation leaves the windows that are cut as before, h = %s", async (h) => {
    const attack = trainingAttack({ kind: "retokenisation" });
    const { measured, expected } = await left(around(h, { tokenizer }), attack);
    expect(Math.abs(measured - expected)).toBeLessThan(TOLERANCE);
    // Canary: without the trace the law would expect nothing to be lost.
    expect(measured).toBeLessThan(1 - TOLERANCE);
    expect((await left(around(h, { tokenizer: plain }), attack)).measured).toBe(1);
  });

  it.each([1, 2])("rewriting leaves the windows that the writer left, h = %s", async (h) => {
    const random = randomStream("rewriter");
    const rewrite = async (text: string): Promise<string> =>
      text
        .split(" ")
        .flatMap((word) => {
          const u = random.next();
          if (u < 0.1) return [];
          return u < 0.2 ? [`w${below(random, 400)}`, word] : [word];
        })
        .join(" ");
    const attack = trainingAttack({ kind: "rewriting" });
    const { measured, expected } = await left(around(h, { tokenizer: plain, rewrite }), attack);
    expect(Math.abs(measured - expected)).toBeLessThan(TOLERANCE);
    expect(measured).toBeLessThan(1 - 2 * TOLERANCE);
    expect(attack.budget({ texts: [], marked: [], tokenCount: 0, rho: 0 }).queries).toBe(0);
  });

  it("a table of synonyms changes the words it knows, and no other", async () => {
    const words = ["many", "people", "xylophone", "several", "zebra", "numerous", "various"];
    const tokens = Uint32Array.of(0, 1, 2, 4);
    const corpus = corpusOf([{ prompt: "", tokens }], [true]);
    const [{ surroundings }] = byWidth.get(1) ?? [];
    const known = {
      decode: (ids: Uint32Array): string => Array.from(ids, (id) => words[id]).join(" "),
      encode: (text: string): Uint32Array =>
        Uint32Array.from(text.split(" "), (word) => words.indexOf(word)),
    };
    const attack = trainingAttack({ kind: "synonym-table", share: 1 });
    const changed = await attack.corpus?.(corpus, { ...surroundings, tokenizer: known });
    expect([3, 5, 6]).toContain(changed?.texts[0].tokens[0]);
    expect(changed?.texts[0].tokens.slice(2)).toStrictEqual(tokens.slice(2));
    expect(changed?.traces?.[0]?.slice(2)).toStrictEqual(Uint8Array.of(2, 2));
    expect(changed?.traces?.[0]?.[0]).toBe(0);
  });
});

describe("merging with the student before training", () => {
  it("leaves 1 − weight of the excess", async () => {
    const { measured, expected } = await leftOf(1, { kind: "merging", weight: 0.3 });
    expect(expected).toBeCloseTo(0.7, 12);
    // Exact: predictions mix, and what the base gives counts as its expectation.
    expect(measured).toBeCloseTo(0.7, 9);
  });
});

describe("quantisation", () => {
  it("is asked of the student, and refused by one that has no weights", async () => {
    await expect(leftOf(1, { kind: "quantisation" })).rejects.toThrow(
      "quantised of a count student: expected one for the attack quantisation, got none",
    );
  });

  it("rounds the weights of a neural student: fewer bits, further from what it said", async () => {
    const [{ corpus, surroundings, heldOut, contexts }] = byWidth.get(1) ?? [];
    const apprenticeship = neuralStudent({
      vocabularySize: 64,
      width: 16,
      layers: 1,
      heads: 2,
      contextLength: 8,
      batch: 16,
      learningRate: 0.01,
      epochs: 1,
      gain: 1,
      base: heldOut,
    });
    const random = randomStream("quantised");
    const student = await apprenticeship.train(corpus, random);
    const some = contexts.slice(0, 50);
    const said = await student.predict(some);
    const distances: number[] = [];
    for (const bits of [8, 3]) {
      const attack = trainingAttack({ kind: "quantisation", bits });
      const around = { ...surroundings, apprenticeship, random };
      const served = await attack.student?.(student, corpus, around);
      const says = (await served?.predict(some)) ?? [];
      const moved = says.map(({ p }, n) =>
        p.reduce((sum, own, i) => sum + Math.abs(own - said[n].p[i]), 0),
      );
      distances.push(moved.reduce((sum, own) => sum + own, 0) / some.length);
      await served?.dispose();
    }
    await student.dispose();
    expect(distances[0]).toBeGreaterThan(0);
    expect(distances[1]).toBeGreaterThan(5 * distances[0]);
  });
});

describe("capability", () => {
  it("is the share of what training taught, and an attack that keeps less than 95 % does not count", () => {
    const losses = { untrained: 6, unattacked: 4 };
    expect(capabilityOf({ ...losses, attacked: 4.0625 })).toMatchObject({
      kept: 0.96875,
      counts: true,
    });
    expect(capabilityOf({ ...losses, attacked: 4.25 })).toMatchObject({
      kept: 0.875,
      counts: false,
    });
    expect(capabilityOf({ ...losses, attacked: 6 }).kept).toBe(0);
    expect(capabilityOf({ untrained: 4, unattacked: 4, attacked: 4 }).counts).toBe(false);
  });
});

describe("a configuration", () => {
  it("says which attack, how strong, and what it costs", () => {
    const corpus = { texts: [], marked: [], tokenCount: 1000, rho: 1 };
    const clean = trainingAttack(
      trainingAttackSchema.parse({ kind: "clean-training", ratio: 0.5 }),
    );
    expect(clean.budget(corpus)).toStrictEqual({
      queries: 0,
      cleanTokens: 500,
      computeShare: 0.5,
    });
    expect(() => trainingAttackSchema.parse({ kind: "prayer" })).toThrow(/kind/);
  });
});
