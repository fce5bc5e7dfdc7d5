import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  Key,
  type Profile,
  type Scheme,
  VerdigrisError,
  bindScheme,
  coinsOf,
  createKernel,
  keyFromText,
  parseProfile,
  seedArrays,
  schemes,
} from "../src/index.js";
import { LM_PRFS, SBW_PRFS, parseSeedingScheme } from "../src/primitives/index.js";
import { testKey } from "../src/testing/material.js";
import {
  type SchemeSuite,
  constantCoins,
  degenerateTexts,
  describeScheme,
  randomTokens,
} from "../src/testing/index.js";

const folder = fileURLToPath(new URL("../../../fixtures/profiles/", import.meta.url));
const kernel = createKernel();

function read(name: string): Profile {
  return parseProfile(JSON.parse(readFileSync(`${folder}${name}.json`, "utf8")));
}

/** What the suite must know of a mark beyond its law; by profile. */
const OPTIONS: Readonly<Record<string, Omit<SchemeSuite, "bind">>> = {
  "hf-selfhash": { wholeRow: true },
  "lm-selfhash": { wholeRow: true },
  "sbw-cpu-selfhash": { wholeRow: true },
  "synthid-hf": { leaves: "distribution", wholeRow: true, unbiased: true },
  "synthid-hf-weighted": { leaves: "distribution", wholeRow: true, unbiased: true },
  "synthid-head": { leaves: "distribution", wholeRow: true, unbiased: true },
  "textseal-synthid": { leaves: "distribution", wholeRow: true, unbiased: true },
  dip: { leaves: "distribution", wholeRow: true, unbiased: true },
  // Picks by one key and scores both.
  "vllm-dual-key": { leaves: "distribution", unbiased: true },
};

const names = globSync("*.json", { cwd: folder }).map((file) => basename(file, ".json"));

describe("the example profiles", () => {
  it("cover every scheme of another project", () => {
    const covered = new Set(names.map((name) => read(name).scheme));
    const foreign = schemes.filter(({ origin }) => origin !== "Verdigris").map(({ name }) => name);
    expect(foreign.filter((name) => !covered.has(name))).toEqual([]);
  });
});

for (const name of names.toSorted()) {
  const profile = { ...read(name), V: 512, specialTokens: [] };
  const bind: SchemeSuite["bind"] = (key) => bindScheme(profile, key, kernel);
  describeScheme({ describe, it, expect }, name, { bind, ...OPTIONS[name] });
}

/** The error of a binding, its code and message. */
function refusal(profile: Profile, key: string): readonly string[] {
  try {
    bindScheme(profile, keyFromText(profile, key), kernel);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(VerdigrisError);
    return [(error as VerdigrisError).code, (error as VerdigrisError).message];
  }
}

describe("lm-watermarking's seeding", () => {
  const window = fc.record({
    prf: fc.constantFrom(...LM_PRFS),
    width: fc.integer({ min: 2, max: 6 }),
    selfSalt: fc.boolean(),
    first: fc.boolean(),
    key: fc.bigInt({ min: 1n, max: 2n ** 40n }),
  });

  it("of any function, width and salting finds its own text, and its string form is read back", () => {
    fc.assert(
      fc.property(window, ({ prf, width, selfSalt, first, key }) => {
        const name = `ff-${prf}-${width}-${selfSalt ? "True" : "False"}-${key}`;
        expect(parseSeedingScheme(name)).toEqual({ prf, width, selfSalt, key });
        const h = selfSalt ? width - 1 : width;
        const stored = read("lm-simple-1");
        const parameters = { ...stored.parameters, prf, delta: 50, selectGreenTokens: first };
        const seeding = selfSalt ? "self" : "left";
        const profile = { ...stored, V: 300, specialTokens: [], h, seeding, parameters } as const;
        const scheme = bindScheme(parseProfile(profile), Key.fromPeer(`${key}`), kernel);
        const tokens = randomTokens(60, 300, width + h);
        for (let t = h; t < tokens.length; t++) {
          const row = new Float32Array(300).map((_, id) => ((id * 37 + t * 11) % 101) / 50);
          scheme.reweight(tokens.subarray(0, t), row);
          tokens[t] = row.indexOf(Math.max(...row));
        }
        expect(Math.min(...coinsOf(scheme, tokens).score)).toBe(1);
      }),
      { seed: 4, numRuns: 120 },
    );
  });
});

describe("a peer's key", () => {
  it.each([
    ["hf-lefthash", "15485863"],
    ["hf-lefthash", "-9223372036854775808"],
    ["vllm-gumbel", "0xffffffffffffffff"],
    ["sglang-gumbel", "2a"],
    ["sglang-dual-key", "2a, ff"],
    ["three-bricks-maryland", "35317, 0"],
    ["dip", "hex:00ff"],
    ["unigram", "ab".repeat(32)],
  ])("of %s may be %s", (name, key) => {
    expect(refusal(read(name), key)).toEqual([]);
  });

  it.each([
    ["hf-lefthash", "secret", "a whole number from -9223372036854775808 to 18446744073709551615"],
    ["vllm-gumbel", "-1", "a whole number from 0 to 18446744073709551615"],
    ["vllm-sbw-selfhash", String(2n ** 63n), "a whole number from 0 to 9223372036854775807"],
    ["sglang-gumbel", "0x12345678901234567", "1 to 16 hex digits"],
    ["sglang-dual-key", "2a", "two keys of 1 to 16 hex digits"],
    ["synthid-hf", "[654, 400]", "30 whole numbers"],
    ["three-bricks-maryland", "35317", "2 whole numbers"],
    ["dip", "hex:0", "text, or hex:"],
  ])("of %s may not be %s", (name, key, expected) => {
    const [code, message] = refusal(read(name), key);
    expect(code).toBe("KEY_INVALID");
    expect(message).toContain(expected);
    expect(message).not.toContain(key);
  });

  it("is not taken by our own schemes", () => {
    const profile = { ...read("hf-lefthash"), scheme: "gumbel", parameters: {}, prf: "chacha8-v1" };
    expect(() => bindScheme(profile, Key.fromPeer("15485863"), kernel)).toThrow(
      /^key: expected 64/,
    );
  });
});

describe("a peer's profile", () => {
  it.each<[string, Partial<Profile>, RegExp]>([
    ["hf-lefthash", { prf: "torch-mt19937-v2" }, /^profile\.prf: expected torch-mt19937-v1 .*v2"$/],
    ["hf-lefthash", { seeding: "min" }, /must be left or self, got min$/],
    ["hf-lefthash", { h: 2 }, /h must be 1 with left seeding, got 2$/],
    [
      "hf-lefthash",
      { parameters: { gamma: 1, delta: 2, contextWidth: 1 } },
      /parameters\.gamma: .*, got 1$/,
    ],
    [
      "hf-lefthash",
      { V: 3, specialTokens: [] },
      /gamma must leave a green token of V = 3, got 0\.25$/,
    ],
    ["lm-minhash", { parameters: { gamma: 0.25 } }, /parameters\.prf: .*, got nothing/],
    ["unigram", { h: 1 }, /^profile\.h: expected 0 to 0 for unigram, got 1$/],
    ["synthid-hf", { seeding: "left" }, /must be self .*, got left$/],
    ["textseal-gumbel", { h: 11 }, /^profile\.h: expected 0 to 10 for textseal-gumbel, got 11$/],
    [
      "three-bricks-openai",
      { parameters: { payload: 49_152 } },
      /payload must be below V = 49152, got 49152$/,
    ],
    [
      "sbw-simple-4",
      {
        prf: "torch-mt19937-v1",
        parameters: { ...read("sbw-simple-4").parameters, hash: "jenkins" },
      },
      /hash must be table/,
    ],
  ])("%s with %j is refused by field, range and what came", (name, changes, message) => {
    expect(() => parseProfile({ ...read(name), ...changes })).toThrow(message);
  });
});

describe("a coin that is the same under every key", () => {
  const bound = (profile: Profile) => (index: number) =>
    bindScheme(profile, testKey(index), kernel);

  // The rest are anchored to a hash under the key, or mix it with every token.
  it.each([
    ["hf-lefthash", 1],
    ["tgi", 1],
    ["lm-simple-1", 1],
    ["lm-minhash", 4],
    ["markllm-exp", 4],
    ["markllm-ewd", 1],
    ["markllm-sweet", 1],
    ["sbw-simple-4", 4],
  ])("exists in %s, and the scheme says so (canary: without that the law fails)", (name, h) => {
    const profile = { ...read(name), V: 512, specialTokens: [] };
    const zeros = new Uint32Array(h + 1).fill(7, h);
    const silent = (index: number): Scheme => ({
      ...bound(profile)(index),
      isKeyless: undefined,
    });
    expect(constantCoins(bound(profile), [zeros])).toEqual([]);
    expect(constantCoins(silent, [zeros])).toEqual([zeros]);
  });

  describe.each(LM_PRFS)("counts under no seeding function: %s", (prf) => {
    const widths = [
      { seeding: "left", h: 2 },
      { seeding: "self", h: 3 },
    ] as const;
    const marks = ["lm-simple-1", "sbw-simple-4", "sbw-cpu-selfhash"];
    it.each(marks.flatMap((mark) => widths.map((width) => [mark, width] as const)))(
      "%s %j",
      (mark, width) => {
        const stored = read(mark);
        if (stored.scheme === "sbw" && !(SBW_PRFS as readonly string[]).includes(prf)) return;
        const parameters = { ...stored.parameters, prf };
        const profile = parseProfile({
          ...stored,
          ...width,
          V: 512,
          specialTokens: [],
          parameters,
        });
        expect(constantCoins(bound(profile), degenerateTexts(profile.h, 512))).toEqual([]);
      },
    );
  });

  it("is found where a hash of the token loses the key's low 32 bits", () => {
    // H(7771) = 2^19 in lm-watermarking's table: its square times the key has a low word of zeros.
    for (const name of ["lm-selfhash", "sbw-cpu-selfhash"]) {
      const tokens = new Uint32Array(4).fill(7771);
      for (let key = 0; key < 10; key++) {
        const scheme = bound(read(name))(key);
        const seeds = seedArrays(scheme, 1);
        scheme.seeds(tokens, 3, seeds);
        expect([0, 0xffff_ffff]).toContain(seeds.seedLo[0]);
        expect(scheme.isKeyless?.(seeds.seedLo[0], seeds.seedHi[0])).toBe(true);
      }
    }
  });

  it("exists wherever MarkLLM's product is 0 modulo V", () => {
    const profile = { ...read("markllm-exp"), V: 512, specialTokens: [] };
    const tokens = Uint32Array.of(64, 3, 8, 5, 7);
    const { isKeyless } = bindScheme(profile, testKey(1), kernel);
    const { seedLo, seedHi } = coinsOf(bindScheme(profile, testKey(1), kernel), tokens);
    expect(isKeyless?.(seedLo[0], seedHi[0])).toBe(true);
  });

  it.each([
    ["35317, 0", [0, 0, 0, 9, 7], true],
    ["35317, 0", [0, 0, 1, 9, 7], false],
    ["35317, 1", [0, 0, 0, 9, 7], false],
  ])("with three_bricks' seed 0 is what zeros and one token make: %s, %j", (key, ids, expected) => {
    const profile = { ...read("three-bricks-maryland"), V: 512, specialTokens: [] };
    const scheme = bindScheme(profile, keyFromText(profile, key), kernel);
    const { seedLo, seedHi } = coinsOf(scheme, Uint32Array.from(ids));
    expect(scheme.isKeyless?.(seedLo[0], seedHi[0])).toBe(expected);
  });
});

describe("a known weakness", () => {
  it.each([
    ["hf-lefthash", "15485863", ["key-modulo-2^32", "token-0"]],
    ["hf-lefthash", String(2n ** 33n), ["key-modulo-2^32", "token-0", "key-divisible-by-2^32"]],
    ["hf-selfhash", "15485863", ["seed-modulo-2^32", "self-anchored"]],
    ["lm-simple-1", "15485863", ["seed-modulo-2^32", "key-modulo-2^32", "token-0"]],
    ["three-bricks-maryland", "35317, 0", ["seed-modulo-2^32", "token-0"]],
    ["three-bricks-maryland", "35317, 1", ["seed-modulo-2^32"]],
    ["sbw-simple-4", "1", ["token-0"]],
    ["synthid-hf", Array.from({ length: 30 }, (_, i) => i).join(), ["id-modulo-65536"]],
    [
      "synthid-hf",
      Array.from({ length: 30 }, (_, i) => (i % 29) + (i === 29 ? 65_536 : 0)).join(),
      ["id-modulo-65536", "equal-layers"],
    ],
    ["synthid-head", Array.from({ length: 30 }, (_, i) => i).join(), []],
    ["markllm-kgw", "15485863", ["at-most-V-lists"]],
    ["sbw-selfhash", "1", ["self-anchored"]],
    ["vllm-gumbel", "42", []],
  ])("of %s under key %s is told by name", (name, key, expected) => {
    const profile = read(name);
    const { weaknesses } = bindScheme(profile, keyFromText(profile, key), kernel);
    expect(weaknesses.map((weakness) => weakness.name)).toEqual(expected);
  });

  describe.each(names.toSorted())("of %s is told if and only if trying shows", (name) => {
    const profile = { ...read(name), V: 4096, specialTokens: [] };
    const text = randomTokens(200, 4096, 5);
    const told = (key: Key): readonly string[] =>
      bindScheme(profile, key, kernel).weaknesses.map((weakness) => weakness.name);
    const scores = (key: Key, tokens: Uint32Array, V = 4096): readonly number[] =>
      Array.from(coinsOf(bindScheme({ ...profile, V }, key, kernel), tokens).score);

    it("token 0 in the context hides the key", () => {
      const afterZeros = (key: Key): readonly number[] => {
        const scheme = bindScheme(profile, key, kernel);
        const ids = Array.from({ length: 120 }, (_, i) => 7 * i + 1);
        return ids.map((id) => {
          const tokens = new Uint32Array(profile.h + 1).fill(id, profile.h);
          return coinsOf(scheme, tokens).score[0];
        });
      };
      const [first, second] = [testKey(1), testKey(2)].map(afterZeros);
      const same = profile.h > 0 && isDeepStrictEqual(first, second);
      expect(told(testKey(1)).includes("token-0")).toBe(same);
    });

    it("keys equal modulo 2^32 are one", () => {
      const [small, large] = [12_345n, 12_345n + 2n ** 32n].map((key) => Key.fromPeer(`${key}`));
      const errors = [small, large].filter((key) => refusal(profile, key.reveal()).length > 0);
      if (errors.length > 0) return;
      const same = isDeepStrictEqual(scores(small, text), scores(large, text));
      expect(told(small).includes("key-modulo-2^32")).toBe(same);
    });

    it("which positions share a coin is the key's matter, unless it says otherwise", () => {
      const repeated = text.map((id, t) => (t % 3 === 0 ? 7 : id % 5));
      const partition = (key: Key): readonly number[] => {
        const { seedLo, seedHi } = coinsOf(bindScheme(profile, key, kernel), repeated);
        const names = Array.from(seedLo, (lo, i) => `${seedHi[i]},${lo}`);
        return names.map((name) => names.indexOf(name));
      };
      if (bindScheme(profile, testKey(1), kernel).coinsDependOnKey) return;
      expect(partition(testKey(1))).toEqual(partition(testKey(2)));
    });

    it("ids equal modulo 65,536 are one", () => {
      const further = text.map((id) => id + 65_536);
      const key = testKey(3);
      const same = isDeepStrictEqual(scores(key, text, 131_072), scores(key, further, 131_072));
      expect(told(key).includes("id-modulo-65536")).toBe(same);
    });
  });

  it("keys equal modulo 2^32 are one key to Hugging Face's mark", () => {
    const profile = { ...read("hf-lefthash"), V: 64 };
    const rows = [7n, 7n + 2n ** 32n].map((key) => {
      const row = new Float32Array(64);
      bindScheme(profile, Key.fromPeer(String(key)), kernel).reweight(Uint32Array.of(5), row);
      return row;
    });
    expect(rows[1]).toEqual(rows[0]);
  });
});
