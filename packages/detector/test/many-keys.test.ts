import { type Profile, type Scheme, bindScheme, createKernel, schemeBinder } from "@verdigris/core";
import { testProfile } from "@verdigris/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Piece, Tally, decoyKey } from "../src/index.js";
import { scorerOf } from "../src/many-keys.js";

const kernel = createKernel();

/** Texts in pieces, with prompts, from few tokens: many repeated windows, many special tokens. */
const pieces = fc.array(
  fc.record({
    ids: fc.array(fc.nat(12), { maxLength: 120 }),
    prompt: fc.option(fc.array(fc.nat(12), { maxLength: 20 }), { nil: undefined }),
    continues: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5 },
);

function tallied(scheme: Scheme, texts: readonly Piece[]): { n: number; sum: number } {
  const tally = new Tally(scheme);
  for (const text of texts) tally.add(text);
  return tally.count();
}

describe("one transcript under many keys", () => {
  it.each<[string, Partial<Profile>]>([
    ["left, h = 0", { h: 0 }],
    ["left, h = 1", { h: 1 }],
    ["left, h = 3", { h: 3 }],
    ["left, h = 6", { h: 6 }],
    ["min", { h: 2, seeding: "min" }],
    ["self", { h: 2, seeding: "self" }],
    ["Gumbel", { h: 2, scheme: "gumbel", parameters: {} }],
  ])("gives the numbers of a tally per key: %s", (_, changes) => {
    const profile = testProfile({ specialTokens: [7], ...changes });
    fc.assert(
      fc.property(pieces, fc.nat(1000), (given, first) => {
        const texts = given.map(({ ids, prompt, continues }, i) => ({
          tokens: Uint32Array.from(ids),
          continues: continues && i > 0,
          ...(prompt === undefined ? {} : { prompt: Uint32Array.from(prompt) }),
        }));
        const score = scorerOf(schemeBinder(profile, kernel), texts);
        for (let k = first; k < first + 3; k++) {
          const { n, sum } = tallied(bindScheme(profile, decoyKey(k), kernel), texts);
          expect(score(decoyKey(k))).toMatchObject({ n, sum });
        }
      }),
      { seed: 5, numRuns: 60 },
    );
  });

  it("holds over batches", () => {
    const profile = testProfile({ h: 2 });
    const tokens = Uint32Array.from({ length: 40_000 }, (_, i) => (i * i + 7 * i) % 997);
    const score = scorerOf(schemeBinder(profile, kernel), [{ tokens }]);
    for (const key of [decoyKey(1), decoyKey(2)]) {
      const { n, sum } = tallied(bindScheme(profile, key, kernel), [{ tokens }]);
      expect(score(key)).toMatchObject({ n, sum });
    }
  });
});
