import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  Key,
  type Profile,
  VerdigrisError,
  bindScheme,
  createKernel,
  keyFromText,
  parseProfile,
  schemes,
} from "../src/index.js";
import { type SchemeSuite, describeScheme } from "../src/testing/index.js";

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

describe("a known weakness", () => {
  it.each([
    ["hf-lefthash", "15485863", ["key-modulo-2^32", "token-0"]],
    ["hf-lefthash", String(2n ** 33n), ["key-modulo-2^32", "token-0", "key-divisible-by-2^32"]],
    ["hf-selfhash", "15485863", ["key-modulo-2^32"]],
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
