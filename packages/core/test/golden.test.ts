import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Key, type KeyPath, type Kernel, bindScheme, coinsOf, createKernel } from "../src/index.js";
import { testProfile } from "../src/testing/index.js";
import { keyWords } from "../src/keys.js";
import { chacha8 } from "../src/prf/plain.js";

interface CoinCase {
  readonly id: string;
  readonly seeding: "left" | "min" | "self";
  readonly h: number;
  readonly gamma256: number;
  readonly seedLo: readonly number[];
  readonly seedHi: readonly number[];
  readonly green: readonly number[];
}

interface Vectors {
  readonly key: string;
  readonly keyId: string;
  readonly subkeys: readonly { readonly purpose: string; readonly hex: string }[];
  readonly derived: readonly { readonly path: KeyPath; readonly id: string }[];
  readonly block: {
    readonly key: string;
    readonly x: readonly number[];
    readonly words: readonly number[];
  };
  readonly text: readonly number[];
  readonly greenLists: readonly {
    readonly id: string;
    readonly gamma256: number;
    readonly context: readonly number[];
    readonly V: number;
    readonly count: number;
    readonly sha256: string;
  }[];
  readonly coins: readonly CoinCase[];
  readonly gumbel: readonly {
    readonly id: string;
    readonly h: number;
    readonly words: readonly number[];
  }[];
}

/** Made by an independent Python implementation of the contract: bench/peers/prf/make_chacha8.py. */
const vectors = JSON.parse(
  readFileSync(new URL("../../../fixtures/vectors/chacha8-v1.json", import.meta.url), "utf8"),
) as Vectors;
const key = Key.fromText(vectors.key);
const text = Uint32Array.from(vectors.text);
const V = 49_152;

describe("keys", () => {
  it("have the ids of the independent implementation", () => {
    expect(key.id).toBe(vectors.keyId);
    for (const { path, id } of vectors.derived) expect(key.derive(path).id).toBe(id);
  });

  it.each(vectors.subkeys)("give its bytes for the purpose $purpose", ({ purpose, hex }) => {
    const bytes = key.subkey(purpose, hex.length / 2);
    expect(Buffer.from(bytes).toString("hex")).toBe(hex);
  });
});

it("the block function is ChaCha with eight rounds", () => {
  const out = new Uint32Array(16);
  const { block } = vectors;
  chacha8(keyWords(Uint8Array.from(Buffer.from(block.key, "hex"))), Uint32Array.from(block.x), out);
  expect(Array.from(out)).toEqual(block.words);
});

describe.each([["wasm"], ["plain"]] as const)("with the %s kernel", (path) => {
  const kernel: Kernel = createKernel(path);

  it.each(vectors.coins.map((item) => [item.id, item] as const))("coins of %s", (id, item) => {
    const { seeding, h, gamma256 } = item;
    const parameters = { gamma: gamma256 / 256, delta: 2 };
    const scheme = bindScheme(testProfile({ id, seeding, h, V, parameters }), key, kernel);
    const coins = coinsOf(scheme, text);
    expect(Array.from(coins.seedLo)).toEqual(item.seedLo);
    expect(Array.from(coins.seedHi)).toEqual(item.seedHi);
    expect(Array.from(coins.score)).toEqual(item.green);
  });

  it.each(vectors.greenLists.map((item) => [item.id, item] as const))(
    "whole green list %s",
    (id, item) => {
      const parameters = { gamma: item.gamma256 / 256, delta: 1 };
      const scheme = bindScheme(testProfile({ id, V: item.V, parameters }), key, kernel);
      const logits = new Float32Array(item.V);
      scheme.reweight(Uint32Array.from(item.context), logits);
      expect(logits.reduce((sum, logit) => sum + logit, 0)).toBe(item.count);
      expect(createHash("sha256").update(Uint8Array.from(logits)).digest("hex")).toBe(item.sha256);
    },
  );

  it.each(vectors.gumbel.map((item) => [item.id, item] as const))(
    "scores of %s",
    (id, { h, words }) => {
      const profile = testProfile({ id, scheme: "gumbel", parameters: {}, h, V });
      const coins = coinsOf(bindScheme(profile, key, kernel), text);
      expect(Array.from(coins.score)).toEqual(words.map((word) => -Math.log1p(-word / 2 ** 32)));
    },
  );
});
