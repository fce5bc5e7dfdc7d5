import { type Profile, type Scheme, bindScheme, createKernel, schemeBinder } from "@verdigris/core";
import { randomTokens, testProfile } from "@verdigris/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ManyKeysScorer, type Piece, Tally, decoyKey, scorerOf } from "../src/index.js";

const kernel = createKernel();
const PAYLOAD = { gamma: 0.25, delta: 2, code: "bch-63-16", payload: 12_345 };

/** Texts in pieces, with prompts, from few tokens: many repeated windows, many special tokens. */
const pieces = fc.array(
  fc.record({
    ids: fc.array(fc.nat(12), { maxLength: 120 }),
    prompt: fc.option(fc.array(fc.nat(12), { maxLength: 20 }), { nil: undefined }),
    continues: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5 },
);

/** The count of a tally after each piece. */
function tallied(
  scheme: Scheme,
  texts: readonly Piece[],
  deduplicate = true,
): { n: number[]; sum: number[] } {
  const tally = new Tally(scheme, { deduplicate });
  const counts = texts.map((text) => {
    tally.add(text);
    return tally.count();
  });
  return { n: counts.map(({ n }) => n), sum: counts.map(({ sum }) => sum) };
}

/** What the piece ends are and what the whole comes to, under one key. */
function scored(
  scheme: Scheme,
  score: ManyKeysScorer,
  pieceCount: number,
): { n: number[]; sum: number[] } {
  const ends = { n: new Float64Array(pieceCount), sum: new Float64Array(pieceCount) };
  const { n, sum } = score(scheme, ends);
  expect({ n: ends.n.at(-1), sum: ends.sum.at(-1) }).toEqual({ n, sum });
  expect(score(scheme)).toMatchObject({ n, sum });
  return { n: [...ends.n], sum: [...ends.sum] };
}

describe("one transcript under many keys", () => {
  it.each<[string, Partial<Profile>]>([
    ["left, h = 0", { h: 0 }],
    ["left, h = 1", { h: 1 }],
    ["left, h = 3", { h: 3 }],
    ["left, h = 6", { h: 6 }],
    ["min, h = 1", { h: 1, seeding: "min" }],
    ["min, h = 3", { h: 3, seeding: "min" }],
    ["self, h = 0", { h: 0, seeding: "self" }],
    ["self, h = 2", { h: 2, seeding: "self" }],
    ["self, h = 6", { h: 6, seeding: "self" }],
    ["self, no prompt rule", { h: 2, seeding: "self", promptRule: "none" }],
    ["Gumbel", { h: 2, scheme: "gumbel", parameters: {} }],
    ["Gumbel, min", { h: 2, seeding: "min", scheme: "gumbel", parameters: {} }],
    ["payload, self", { h: 1, seeding: "self", scheme: "green-list-payload", parameters: PAYLOAD }],
  ])("gives the numbers of a tally per key: %s", (_, changes) => {
    const profile = testProfile({ specialTokens: [7], ...changes });
    fc.assert(
      fc.property(pieces, fc.nat(1000), (given, first) => {
        const texts = given.map(({ ids, prompt, continues }, i) => ({
          tokens: Uint32Array.from(ids),
          continues: continues && i > 0,
          ...(prompt === undefined ? {} : { prompt: Uint32Array.from(prompt) }),
        }));
        const bind = schemeBinder(profile, kernel);
        for (const deduplicate of [true, false]) {
          const score = scorerOf(texts, { deduplicate });
          for (let k = first; k < first + 2; k++) {
            const each = tallied(bindScheme(profile, decoyKey(k), kernel), texts, deduplicate);
            expect(scored(bind(decoyKey(k)), score, texts.length)).toEqual(each);
          }
        }
      }),
      { seed: 5, numRuns: 40 },
    );
  });

  it.each<[Profile["seeding"]]>([["left"], ["min"], ["self"]])(
    "holds over batches: %s",
    (seeding) => {
      const profile = testProfile({ h: 2, seeding });
      const tokens = Uint32Array.from({ length: 40_000 }, (_, i) => (i * i + 7 * i) % 997);
      // Ends at the first coin, within a batch, at its last coin and beside it, and two at once.
      const cuts = [0, 2, 3, 5000, 8194, 8195, 8195, 30_000, 40_000];
      const texts = cuts.slice(1).map((end, i) => ({
        tokens: tokens.subarray(cuts[i], end),
        continues: i > 0,
      }));
      const [bind, score] = [schemeBinder(profile, kernel), scorerOf(texts)];
      for (const key of [decoyKey(1), decoyKey(2)]) {
        const each = tallied(bindScheme(profile, key, kernel), texts);
        expect(scored(bind(key), score, texts.length)).toEqual(each);
      }
    },
  );

  it("forgets as a tally does where memory is short", () => {
    const profile = testProfile({ h: 2, seeding: "self" });
    const tokens = randomTokens(5000, 40, 1);
    const scheme = bindScheme(profile, decoyKey(1), kernel);
    const tally = new Tally(scheme, { memory: 100 });
    tally.add({ tokens });
    expect(tally.exact).toBe(false);
    const { n, sum } = tally.count();
    expect(scorerOf([{ tokens }], { memory: 100 })(scheme)).toMatchObject({ n, sum });
  });
});
