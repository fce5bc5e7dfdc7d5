/**
 * Law: a window of h + 1 tokens survives the substitution of a share q of all tokens with probability (1 − q)^(h + 1), so
 * the excess falls by that factor. Canary: one factor more or less is outside the tolerance.
 */
import { fileURLToPath } from "node:url";
import { type Tokens, bindScheme, createKernel } from "@verdigris/core";
import { type Evidence, Tally, evidenceOf } from "@verdigris/detector";
import {
  type MarkedArm,
  attacks,
  editRate,
  loadMaterial,
  randomStream,
  tokenAttacks,
  tokenEditRate,
} from "@verdigris/survival";
import { normalise, readTokenizer } from "@verdigris/text";
import { beforeAll, describe, expect, it } from "vitest";

const fixture = (path: string): string =>
  fileURLToPath(new URL(`../../../fixtures/${path}`, import.meta.url));
const foreign = "Some other writer put these few words down. They are nobody's mark, and short!";
const text =
  "The quick brown fox, it is said, jumps over a lazy dog. Many people find this important! Why? " +
  "Nobody knows, and the dog doesn't care. It sleeps on; the fox is gone.";

const named = (name: string): (typeof attacks)[number] => {
  const found = attacks.find((attack) => attack.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const apply = (name: string, strength: number, seed = "a"): string =>
  named(name).apply(text, { strength, random: randomStream(seed), foreign });

describe("attacks", () => {
  it.each(attacks.map((attack) => [attack.name, attack] as const))(
    "%s: strength 0 changes nothing, and the same randomness gives the same text",
    (name, attack) => {
      expect(attack.apply(text, { strength: 0, random: randomStream(1), foreign })).toBe(text);
      expect(apply(name, 0.5)).toBe(apply(name, 0.5));
      expect(attack.apply("", { strength: 0.5, random: randomStream(1), foreign })).not.toContain(
        "undefined",
      );
    },
  );

  it.each(["typos", "word substitution", "word insertion", "word deletion", "truncation"])(
    "%s: a stronger attack edits more",
    (name) => {
      const rates = [0.1, 0.4, 0.9].map((strength) => {
        const runs = Array.from({ length: 20 }, (_, i) =>
          editRate(text, apply(name, strength, `s${i}`)),
        );
        return runs.reduce((sum, rate) => sum + rate, 0) / runs.length;
      });
      expect(rates[0]).toBeGreaterThan(0.01);
      expect(rates[1]).toBeGreaterThan(1.5 * rates[0]);
      expect(rates[2]).toBeGreaterThan(1.5 * rates[1]);
    },
  );

  it("synonyms come from the table and keep capitals", () => {
    expect(apply("synonyms (small table)", 1)).toMatch(
      /(Numerous|Several|Various) (individuals|persons|folks) (discover|locate) this/,
    );
  });

  it("shuffling keeps every sentence, truncation one stretch, dilution the whole text", () => {
    const sorted = (of: string): string[] =>
      of
        .trim()
        .split(/(?<=[.!?])\s*/)
        .toSorted();
    expect(sorted(apply("sentence shuffling", 1))).toEqual(sorted(text));
    expect(text).toContain(apply("truncation", 0.6));
    expect(apply("truncation", 1)).toBe("");
    expect(apply("copy-paste dilution", 0.3)).toContain(text);
  });

  it("what zero-width characters and a few homoglyphs do is undone by normalising", () => {
    expect(apply("zero-width characters", 1)).not.toBe(text);
    expect(normalise(apply("zero-width characters", 1)).text).toBe(text);
    const once = apply("homoglyphs", 0.1);
    expect(once).not.toBe(text);
    expect(normalise(once).text).toBe(text);
  });

  it("edit rates: by characters and by tokens", () => {
    expect(editRate("kitten", "sitting")).toBeCloseTo(3 / 7, 12);
    expect(editRate("", "")).toBe(0);
    const tokens = Uint32Array.of(40_000, 7, 7, 65_535);
    expect(tokenEditRate(tokens, tokens)).toBe(0);
    expect(tokenEditRate(tokens, Uint32Array.of(40_000, 7, 65_535))).toBe(0.25);
  });
});

describe("survival of windows under token substitution", () => {
  const kernel = createKernel();
  let arms: readonly MarkedArm[];
  let retokenised: (tokens: Tokens) => Tokens;

  beforeAll(async () => {
    const manifest = fixture("corpora/smollm2/manifest.json");
    ({ arms } = await loadMaterial(manifest, { files: [], tokensPerFile: 1 }));
    const tokenizer = await readTokenizer(fixture("models/smollm2/tokenizer.json"));
    retokenised = (tokens) => tokenizer.encode(normalise(tokenizer.decode(tokens)).text);
  });

  const evidence = ({ profile, key }: MarkedArm, texts: readonly Tokens[]): Evidence => {
    const scheme = bindScheme(profile, key, kernel);
    // Every window counts: the law is about windows, and those that recur would survive as long as one does.
    const tally = new Tally(scheme, { deduplicate: false });
    for (const tokens of texts) tally.add({ tokens });
    return evidenceOf(scheme.law, tally.count());
  };

  it.each([0.1, 0.3])("a share q = %s leaves (1 − q)^(h + 1) of the excess", (q) => {
    for (const arm of arms) {
      const { V, h } = arm.profile;
      const random = randomStream("substitution", h, q);
      const texts = arm.texts.slice(0, 1500).map(({ tokens }) => tokens);
      const attacked = texts.map((tokens) =>
        tokenAttacks[0].apply(tokens, { strength: q, random, V, first: 17 }),
      );
      const [before, after] = [evidence(arm, texts), evidence(arm, attacked)];
      // A coin's standard deviation is at most ½; h + 1 windows share the fate of a token.
      const error = 0.5 * Math.sqrt((h + 1) / after.n);
      const off = (exponent: number): number =>
        Math.abs(after.effect - (1 - q) ** exponent * before.effect) / error;
      expect(off(h + 1)).toBeLessThan(4);
      expect(Math.min(off(h), off(h + 2))).toBeGreaterThan(4);
    }
  });

  it("reading an answer back changes few of its tokens", () => {
    for (const arm of arms) {
      const rates = arm.texts
        .slice(0, 100)
        .map(({ tokens }) => tokenEditRate(tokens, retokenised(tokens)));
      const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
      expect(mean).toBeLessThan(0.01);
    }
  });
});
