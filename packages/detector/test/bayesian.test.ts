import { Key, type Profile, type Tokens, bindScheme, createKernel } from "@verdigris/core";
import { lehmer, randomTokens, testProfile } from "@verdigris/core/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { logRatio } from "../src/bayesian/test.js";
import { gradient } from "../src/bayesian/train.js";
import {
  type BayesianExample,
  type TrainedModel,
  Tally,
  bayesianTest,
  decoyKey,
  gWords,
  trainBayesian,
} from "../src/index.js";

const D = 8;
const profile: Profile = {
  ...testProfile(),
  scheme: "synthid",
  prf: "synthid-table-v1",
  V: 4096,
  h: 2,
  seeding: "self",
  specialTokens: [],
  parameters: { depth: D, leaves: 2, statistic: "mean", tableSize: 4096, tableSeed: 0 },
};
const key = Key.fromText("2b".repeat(32));
const kernel = createKernel();

/** Text of a model that offers eight tokens of decreasing probability at each step, marked. */
function markedText(length: number, seed: number): Tokens {
  const scheme = bindScheme(profile, key, kernel);
  const random = lehmer(seed);
  const tokens = randomTokens(length, profile.V, seed);
  for (let t = 2; t < length; t++) {
    const ids = Uint32Array.from({ length: 8 }, () => Math.floor(random.next() * profile.V));
    const logits = Float32Array.from(ids, (_, i) => -i / 3);
    scheme.reweight(tokens.subarray(0, t), logits, ids);
    const weights = Array.from(logits, Math.exp);
    let u = random.next() * weights.reduce((sum, weight) => sum + weight, 0);
    tokens[t] =
      ids[
        Math.max(
          0,
          weights.findIndex((weight) => (u -= weight) < 0),
        )
      ];
  }
  return tokens;
}

function example(tokens: Tokens, marked: boolean): BayesianExample {
  return { words: gWords(profile, key, { texts: [{ tokens }], kernel }).words, marked };
}

const count = 24;
const examples = Array.from({ length: count }, (_, i) => [
  example(markedText(80, 100 + i), true),
  example(randomTokens(80, profile.V, 500 + i), false),
]).flat();

describe("gradient of the training loss", () => {
  it("is that of finite differences", () => {
    const random = lehmer(3);
    const parameters = Float64Array.from({ length: 4 + 16 }, () => random.next() - 0.5);
    const words = Uint32Array.from({ length: 30 }, (_, i) => (i * 7) % 16);
    const coins = { words, marked: Uint8Array.from(words, (word) => word & 1) };
    const settings = { depth: 4, l2: 0.01 };
    const { gradient: found } = gradient(parameters, coins, settings);
    for (let k = 0; k < parameters.length; k++) {
      const loss = (shift: number): number =>
        gradient(parameters.with(k, parameters[k] + shift), coins, settings).loss;
      expect(found[k]).toBeCloseTo((loss(1e-5) - loss(-1e-5)) / 2e-5, 7);
    }
  });
});

describe("the Bayesian score", () => {
  let trained: TrainedModel;

  beforeAll(() => {
    trained = trainBayesian(examples, { depth: D, random: lehmer(1) });
  });

  it("learns to tell coins apart, and says so of coins it has not seen", () => {
    expect(trained.heldOutLoss).toBeLessThan(0.95 * Math.LN2);
    expect(trained.model.beta[0]).toBeGreaterThan(-2);
  });

  it("learns nothing where nothing differs", () => {
    const plain = examples.filter(({ marked }) => !marked);
    const halves = plain.map(({ words }, i) => ({ words, marked: i % 2 === 0 }));
    const { heldOutLoss } = trainBayesian(halves, { depth: D, random: lehmer(2) });
    expect(heldOutLoss).toBeGreaterThan(0.98 * Math.LN2);
  });

  it("is the same for the same randomness", () => {
    const again = trainBayesian(examples, { depth: D, random: lehmer(1) });
    expect(again).toEqual(trained);
  });

  it("finds texts it was not trained on, by ratio and by decoys, under the right key alone", () => {
    const texts = [{ tokens: markedText(120, 900) }];
    const found = bayesianTest(trained.model, { profile, key }, texts, { kernel });
    expect(found.posterior).toBeGreaterThan(0.999);
    expect(found.log10P).toBeLessThan(-3);
    expect(found.decoyP).toBe(0.01);
    const other = { profile, key: decoyKey(7000) };
    const lost = bayesianTest(trained.model, other, texts, { decoys: 0 });
    expect(lost.log10P).toBeGreaterThan(-1.5);
    expect(lost.decoyP).toBe(null);
  });

  it("counts the tally's coins: each once, none of the prompt's windows", () => {
    const piece = { tokens: markedText(60, 31), prompt: markedText(30, 31) };
    const tally = new Tally(bindScheme(profile, key, kernel));
    tally.add(piece);
    const { words } = gWords(profile, key, { texts: [piece] });
    expect(words.length).toBe(tally.count().n);
    const parts = [piece.tokens.subarray(0, 25), piece.tokens.subarray(25)];
    const texts = parts.map((tokens, i) => ({ tokens, prompt: piece.prompt, continues: i > 0 }));
    expect(gWords(profile, key, { texts }).words).toEqual(words);
  });

  describe("on text that ignores the key", () => {
    const KEYS = 300;
    const repetitive = Uint32Array.from({ length: 150 }, (_, i) => 200 + (i % 4) * 97);
    const ratios = (deduplicate: boolean): readonly number[] =>
      Array.from({ length: KEYS }, (_, i) => {
        const reading = { texts: [{ tokens: repetitive }], kernel, deduplicate };
        return logRatio(trained.model, gWords(profile, decoyKey(20_000 + i), reading));
      });

    it("is an e-value: 1/E ≤ α at most α of the time", () => {
      const found = ratios(true);
      expect(found.filter((ratio) => ratio >= Math.log(10)).length).toBeLessThan(0.1 * KEYS);
      expect(found.filter((ratio) => ratio >= Math.log(100)).length).toBeLessThan(0.03 * KEYS);
    });

    it("canary: is none if coins count again", () => {
      const found = ratios(false);
      expect(found.filter((ratio) => ratio >= Math.log(100)).length).toBeGreaterThan(0.1 * KEYS);
    });
  });

  it.each([
    [
      "depth",
      () => trainBayesian(examples, { depth: 33, random: lehmer(1) }),
      /^depth must be .*got 33$/,
    ],
    [
      "texts",
      () => trainBayesian(examples.slice(0, 4), { depth: D, random: lehmer(1) }),
      /4 marked/,
    ],
    [
      "a model of another depth",
      () => bayesianTest({ ...trained.model, depth: 9 }, { profile, key }, [], { decoys: 0 }),
      /^model\.depth: expected the profile's 8, got 9$/,
    ],
    [
      "another scheme",
      () => gWords({ ...profile, scheme: "gumbel" }, key, { texts: [] }),
      /^profile\.scheme: expected synthid, got gumbel$/,
    ],
  ])("refuses %s by name and range", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
