import { type Profile, type Scheme, bindScheme, createKernel, schemeBinder } from "@verdigris/core";
import { randomTokens, testProfile } from "@verdigris/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Piece, Tally, decoyKey } from "../src/index.js";
import { scorerOf } from "../src/many-keys.js";

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
        const [bind, score] = [schemeBinder(profile, kernel), scorerOf(texts)];
        for (let k = first; k < first + 3; k++) {
          const { n, sum } = tallied(bindScheme(profile, decoyKey(k), kernel), texts);
          expect(score(bind(decoyKey(k)))).toMatchObject({ n, sum });
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
      const [bind, score] = [schemeBinder(profile, kernel), scorerOf([{ tokens }])];
      for (const key of [decoyKey(1), decoyKey(2)]) {
        const { n, sum } = tallied(bindScheme(profile, key, kernel), [{ tokens }]);
        expect(score(bind(key))).toMatchObject({ n, sum });
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
    expect(scorerOf([{ tokens }], 100)(scheme)).toMatchObject({ n, sum });
  });
});
