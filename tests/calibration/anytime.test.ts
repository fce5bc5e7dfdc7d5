/**
 * Guarantees of detection while the text is coming: for every scheme a stream counts as the whole text does, however it
 * comes; and over keys, looking after every token of repetitive text, the chance of ever crossing 1/α is at most α.
 * Canary: peeking at the fixed-length p-value breaks it. Once more with a memory that is full after a few coins.
 */
import { type Profile, type Tokens, bindScheme, createKernel, schemes } from "@verdigris/core";
import { randomTokens, testProfile } from "@verdigris/core/testing";
import {
  DetectionStream,
  type Piece,
  Tally,
  clopperPearson,
  decoyKey,
  evidenceOf,
} from "@verdigris/detector";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foreignProfiles } from "./material.js";

const kernel = createKernel();
const V = 2048;

const own: readonly (readonly [string, Profile])[] = [
  ["green-list", testProfile({ V, h: 2 })],
  ["green-list, self", testProfile({ V, h: 2, seeding: "self" })],
  ["gumbel", testProfile({ V, h: 2, scheme: "gumbel", parameters: {} })],
  [
    "green-list-payload",
    testProfile({
      V,
      h: 2,
      scheme: "green-list-payload",
      parameters: { gamma: 0.25, delta: 2, code: "bch-63-16", payload: 5 },
    }),
  ],
];
const foreign = foreignProfiles().map(
  ([name, profile]) => [name, { ...profile, V, specialTokens: [3] }] as const,
);

/** A text of few words, the prompt before it, and where it is cut. */
const texts = fc.record({
  tokens: fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 60 }),
  prompt: fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 12 }),
  cuts: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 4 }),
});

it("has a profile of every scheme", () => {
  const covered = new Set([...own, ...foreign].map(([, profile]) => profile.scheme));
  expect(schemes.map(({ name }) => name).filter((name) => !covered.has(name))).toEqual([]);
});

describe.each([...own, ...foreign])("a stream of %s", (_, profile) => {
  it("counts as the whole text does, token by token and in any pieces", () => {
    const scheme = bindScheme(profile, decoyKey(1), kernel);
    fc.assert(
      fc.property(fc.array(texts, { minLength: 1, maxLength: 3 }), (documents) => {
        const [whole, cut] = [new Tally(scheme), new Tally(scheme)];
        const stream = new DetectionStream(profile, decoyKey(1), { kernel });
        for (const { tokens, prompt, cuts } of documents) {
          const piece = { tokens: Uint32Array.from(tokens), prompt: Uint32Array.from(prompt) };
          whole.add(piece);
          for (const part of parts(piece, cuts)) cut.add(part);
          stream.begin(piece.prompt);
          for (const token of tokens) stream.push(token);
        }
        expect(cut.count()).toEqual(whole.count());
        expect(stream.state().count).toEqual(whole.count());
      }),
      { numRuns: 12, seed: 5 },
    );
  });
});

/** A text in pieces that continue one another. */
function parts({ tokens, ...shown }: Piece, cuts: readonly number[]): readonly Piece[] {
  const ends = [...cuts.filter((at) => at < tokens.length), tokens.length].toSorted(
    (a, b) => a - b,
  );
  return ends.map((end, i) => {
    const piece = tokens.subarray(i === 0 ? 0 : ends[i - 1], end);
    return i === 0 ? { tokens: piece, ...shown } : { tokens: piece, continues: true };
  });
}

describe("looking after every token of repetitive text", () => {
  const LENGTH = 120;
  const ALPHA = 0.05;

  /** Whether E ever reaches 1/α, and whether the fixed-length p-value ever falls to α, under one key. */
  function crosses(profile: Profile, key: number, memory: number): readonly [boolean, boolean] {
    const stream = new DetectionStream(profile, decoyKey(key), { kernel, alpha: ALPHA, memory });
    const { law } = bindScheme(profile, decoyKey(key), kernel);
    let peeked = false;
    for (const token of repetitive(key, LENGTH)) {
      const { count } = stream.push(token);
      peeked ||= count.n > 0 && evidenceOf(law, count).log10P <= Math.log10(ALPHA);
    }
    return [stream.state().kind === "detected", peeked];
  }

  it.each([
    ["green list", own[0][1], { keys: 1000, memory: 1e6 }],
    ["green list, memory of 20 coins", own[0][1], { keys: 300, memory: 20 }],
    ["Gumbel", own[2][1], { keys: 1000, memory: 1e6 }],
  ])("is safe with an e-process, and not with a p-value: %s", (name, profile, { keys, memory }) => {
    const runs = Array.from({ length: keys }, (_, key) => crosses(profile, key, memory));
    const count = (which: 0 | 1): number => runs.filter((run) => run[which]).length;
    const { upper } = clopperPearson(count(0), keys, 0.9);
    console.log(
      `${name}: E ever ≥ 1/α in ${count(0) / keys} of keys, upper bound ${(upper / ALPHA).toFixed(2)} α; ` +
        `canary, peeking at p: ${(count(1) / keys / ALPHA).toFixed(1)} α`,
    );
    expect(upper).toBeLessThanOrEqual(ALPHA);
    expect(clopperPearson(count(1), keys, 0.9).lower).toBeGreaterThan(1.3 * ALPHA);
  });
});

/** Items of a list: a phrase of ten tokens with two new words each, so that most windows recur. */
function repetitive(key: number, n: number): Tokens {
  const words = randomTokens(n, V, 100 + key);
  return Uint32Array.from({ length: n }, (_, i) => (i % 10 < 2 ? words[i] : words[i % 10]));
}
