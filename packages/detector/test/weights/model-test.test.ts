import {
  Key,
  type LanguageModel,
  type Profile,
  type Scheme,
  type Tokens,
  bindScheme,
  createKernel,
} from "@verdigris/core";
import { lehmer, testProfile } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import {
  type ModelTestText,
  type WeightedEvidence,
  binomialLog10P,
  decoyKey,
  modelFigures,
  modelTest,
  weightedEvidenceOf,
} from "../../src/index.js";
import { Tally } from "../../src/tally.js";
import { evidenceOf } from "../../src/evidence.js";

const V = 1000;
const kernel = createKernel();
const key = Key.fromText("2b".repeat(32));

function profileWith(entropyThreshold: number | null): Profile {
  const parameters = { gamma: 0.5, delta: 2, entropyThreshold };
  const prf = "torch-mt19937-v1";
  return {
    ...testProfile(),
    scheme: "markllm-entropy",
    prf,
    V,
    h: 1,
    seeding: "left",
    parameters,
    specialTokens: [],
  };
}

/** Proposes 30 tokens that depend on the last; after two of three tokens one of them is nearly certain. */
const model: LanguageModel = {
  vocabularySize: V,
  endTokens: new Set(),
  start(prompt) {
    let last = prompt[prompt.length - 1];
    return {
      next() {
        const ids = Uint32Array.from({ length: 30 }, (_, i) => (last * 37 + i * 31 + 7) % V);
        const logits = Float32Array.from(ids, (id, i) =>
          i === 3 && last % 3 > 0 ? 12 : (id % 7) / 7,
        );
        return { ids, logits };
      },
      push: (token) => void (last = token),
      end() {},
    };
  },
};

/** A text of the model, marked or not. */
async function write(profile: Profile | null, length: number, seed: number): Promise<Tokens> {
  const random = lehmer(seed);
  const scheme = profile === null ? null : bindScheme(profile, key, kernel);
  const tokens = new Uint32Array(length).fill(seed % V, 0, 1);
  const sequence = await model.start(tokens.subarray(0, 1));
  for (let t = 1; t < length; t++) {
    const { ids, logits } = await sequence.next();
    scheme?.reweight(tokens.subarray(0, t), logits, ids);
    const weights = Array.from(logits, Math.exp);
    let u = random.next() * weights.reduce((sum, weight) => sum + weight, 0);
    tokens[t] =
      ids[
        Math.max(
          0,
          weights.findIndex((weight) => (u -= weight) < 0),
        )
      ];
    sequence.push(tokens[t]);
  }
  return tokens;
}

async function tested(scheme: Scheme, texts: readonly ModelTestText[]): Promise<WeightedEvidence> {
  return modelTest(scheme, texts, await modelFigures(scheme, texts, model));
}

describe.each([
  ["SWEET", 1],
  ["EWD", null],
])("%s with a model", (_, threshold) => {
  const profile = profileWith(threshold);
  const scheme = bindScheme(profile, key, kernel);

  it("finds more than counting every position alike", async () => {
    const tokens = await write(profile, 160, 5);
    const tally = new Tally(scheme);
    tally.add({ tokens });
    const alike = evidenceOf(scheme.law, tally.count());
    const weighted = await tested(scheme, [{ tokens }]);
    expect(weighted.log10P).toBeLessThan(alike.log10P - 1);
    expect(weighted.n).toBeLessThan(alike.n);
    const prompted = await tested(scheme, [{ tokens, prompt: tokens.slice(0, 4) }]);
    expect(prompted.n).toBeLessThan(weighted.n);
  });

  it("keeps its false-alarm rate over keys on the model's own text", async () => {
    const tokens = await write(null, 160, 11);
    const KEYS = 300;
    let found = 0;
    for (let i = 0; i < KEYS; i++) {
      const other = bindScheme(profile, decoyKey(40_000 + i), kernel);
      const { log10P } = await tested(other, [{ tokens }]);
      if (log10P <= -1) found++;
    }
    expect(binomialLog10P(found, KEYS, 0.1)).toBeGreaterThan(-9);
  });
});

describe("modelTest", () => {
  it("canary: weights that know the key break the law", async () => {
    const tokens = await write(null, 160, 11);
    const rejected = Array.from({ length: 100 }, (_, i) => {
      const other = bindScheme(profileWith(null), decoyKey(40_000 + i), kernel);
      const scores: number[] = [];
      const observe = (_p: Uint32Array, shown: Float64Array, n: number): void =>
        void scores.push(...shown.subarray(0, n));
      new Tally(other, { observe }).add({ tokens });
      const weights = scores.map((score) => 1 + score);
      return weightedEvidenceOf(other.law, { scores, weights }).log10P <= -1;
    });
    expect(binomialLog10P(rejected.filter(Boolean).length, 100, 0.1)).toBeLessThan(-9);
  });

  it("refuses a mark that asks no model, and a text without tokens", async () => {
    const plain = bindScheme(testProfile(), key, kernel);
    await expect(tested(plain, [])).rejects.toThrow(/^scheme: .*got green-list$/);
    const scheme = bindScheme(profileWith(1), key, kernel);
    const none = [{ tokens: new Uint32Array(0) }];
    await expect(tested(scheme, none)).rejects.toThrow(/^texts: .*got none$/);
  });
});
