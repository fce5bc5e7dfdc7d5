import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Columns, MAX_VOCABULARY, decidingPlanes } from "../src/prf/kernel.js";
import { createPlainKernel } from "../src/prf/plain.js";
import { createKernel } from "../src/prf/index.js";
import { createWasmKernel } from "../src/prf/wasm.js";
import { randomTokens } from "../src/testing/index.js";

const wasm = createWasmKernel();
const plain = createPlainKernel();
const key = randomTokens(8, 2 ** 32, 1);
const seed = { lo: 0x89abcdef, hi: 0xfedcba98 };
const run = { seed: 20261123, numRuns: 60 };

/** Sizes around the lane width and the batch area. */
const sizes = fc.constantFrom(1, 2, 3, 4, 5, 63, 16_383, 16_384, 16_385);

function pairs(n: number): {
  seedLo: Uint32Array;
  seedHi: Uint32Array;
  token: Uint32Array;
  n: number;
} {
  return {
    seedLo: randomTokens(n, 2 ** 32, 2),
    seedHi: randomTokens(n, 2 ** 32, 3),
    token: randomTokens(n, MAX_VOCABULARY, 4),
    n,
  };
}

describe("the SIMD kernel", () => {
  it("is the one that runs here, and the twin is the plain one", () => {
    expect([createKernel().path, wasm.path, plain.path]).toEqual(["wasm", "wasm", "plain"]);
    expect(createKernel("plain").path).toBe("plain");
  });

  it("hashes as the plain one", () => {
    fc.assert(
      fc.property(sizes, fc.nat(1000), (n, salt) => {
        const columns = (): Uint32Array[] =>
          [0, 1, 2, 3].map((j) => randomTokens(n, 2 ** 32, salt + j));
        const [a, b] = [columns(), columns()];
        wasm.hash(key, columns() as unknown as Columns, n, a);
        plain.hash(key, columns() as unknown as Columns, n, b);
        expect(a).toEqual(b);
      }),
      run,
    );
  });

  it("finds the same tokens green for every γ, at every size", () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 255 }), (n, gamma256) => {
        const [a, b] = [new Float64Array(n), new Float64Array(n)];
        wasm.green(key, pairs(n), gamma256, a);
        plain.green(key, pairs(n), gamma256, b);
        expect(a).toEqual(b);
      }),
      run,
    );
  });

  it("biases the same row, in its own memory and in foreign memory", () => {
    const vocabularies = fc.constantFrom(2, 15, 16, 17, 511, 512, 513, 2048, 49_152);
    fc.assert(
      fc.property(vocabularies, fc.integer({ min: 1, max: 255 }), (V, gamma256) => {
        const start = Float32Array.from(randomTokens(V, 1000, V));
        const own = wasm.row(V);
        own.set(start);
        const foreign = start.slice();
        const expected = start.slice();
        wasm.biasRow(key, seed, gamma256, 1.5, own);
        wasm.biasRow(key, seed, gamma256, 1.5, foreign);
        plain.biasRow(key, seed, gamma256, 1.5, expected);
        expect(own).toEqual(expected);
        expect(foreign).toEqual(expected);
      }),
      run,
    );
  });

  it("draws the same words, one by one and as a row", () => {
    for (const n of [1, 5, 16, 17, 1000, 16_385]) {
      const [a, b] = [new Uint32Array(n), new Uint32Array(n)];
      wasm.words(key, pairs(n), a);
      plain.words(key, pairs(n), b);
      expect(a).toEqual(b);
      wasm.wordRow(key, seed, a);
      plain.wordRow(key, seed, b);
      expect(a).toEqual(b);
    }
  });

  it("holds the largest vocabulary and refuses a larger one", () => {
    const logits = new Float32Array(MAX_VOCABULARY);
    wasm.biasRow(key, seed, 64, 1, logits);
    const green = logits.reduce((sum, logit) => sum + logit, 0);
    expect(Math.abs(green / MAX_VOCABULARY - 0.25)).toBeLessThan(0.0037); // 6.1 standard errors
    const tooLarge = new Float32Array(MAX_VOCABULARY + 1);
    expect(() => wasm.biasRow(key, seed, 64, 1, tooLarge)).toThrow(RangeError);
    expect(() => wasm.row(MAX_VOCABULARY + 1)).toThrow("got 524289");
  });

  it("is built from its source", async () => {
    // @ts-expect-error: a build script without types
    const { kernelSource } = (await import("../assembly/build.mjs")) as {
      kernelSource(): Promise<string>;
    };
    const committed = readFileSync(new URL("../src/prf/wasm-bytes.ts", import.meta.url), "utf8");
    const encoded = (source: string): string | undefined => /"([A-Za-z0-9+/=]+)"/.exec(source)?.[1];
    expect(encoded(await kernelSource())).toBe(encoded(committed));
  });
});

describe("bit planes", () => {
  it("stop at the lowest one that decides", () => {
    expect([128, 64, 192, 1, 255, 96].map(decidingPlanes)).toEqual([1, 2, 2, 8, 8, 3]);
    for (const bad of [0, 256, 1.5]) expect(() => decidingPlanes(bad)).toThrow(RangeError);
  });
});
