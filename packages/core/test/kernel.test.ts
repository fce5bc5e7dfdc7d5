import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_VOCABULARY } from "../src/profile.js";
import { type Columns, type Kernel, decidingPlanes } from "../src/prf/kernel.js";
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
        for (const kernel of [wasm, plain]) {
          const inPlace = columns();
          kernel.hash(key, inPlace as unknown as Columns, n, inPlace.slice(0, 2));
          expect(inPlace.slice(0, 2)).toEqual(b.slice(0, 2));
        }
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
    const vocabularies = fc.oneof(
      fc.constantFrom(1, 2, 15, 16, 17, 31, 32, 33, 511, 512, 513),
      fc.constantFrom(2047, 2048, 2049, 49_152),
    );
    const step = fc.record({
      gamma256: fc.integer({ min: 1, max: 255 }),
      delta: fc.constantFrom(0, 0.1, 1.5, 2, 50),
      lo: fc.nat(2 ** 32 - 1),
    });
    fc.assert(
      fc.property(vocabularies, step, (V, { gamma256, delta, lo }) => {
        const at = { lo, hi: seed.hi };
        // Beyond the row lies what a write past its end would hit.
        const start = Float32Array.from(randomTokens(V + 8, 1000, V), (value) => value - 500);
        start.set([-Infinity, -0].slice(0, V));
        const own = wasm.row(V + 8);
        own.set(start);
        const foreign = start.slice();
        const expected = start.slice();
        wasm.biasRow(key, at, gamma256, delta, own.subarray(0, V));
        wasm.biasRow(key, at, gamma256, delta, foreign.subarray(0, V));
        plain.biasRow(key, at, gamma256, delta, expected.subarray(0, V));
        expect(own).toEqual(expected);
        expect(foreign).toEqual(expected);
      }),
      run,
    );
  });

  it("draws the same words, one by one and as a row", () => {
    for (const n of [1, 5, 16, 17, 63, 64, 65, 1000, 16_384, 16_385]) {
      const [a, b] = [new Uint32Array(n), new Uint32Array(n)];
      wasm.words(key, pairs(n), a);
      plain.words(key, pairs(n), b);
      expect(a).toEqual(b);
      wasm.wordRow(key, seed, a);
      plain.wordRow(key, seed, b);
      expect(a).toEqual(b);
    }
  });

  it("gives a token the same outcome in a row as in a pair", () => {
    const n = 1000;
    const one = new Uint32Array(n);
    const token = one.map((_, i) => i);
    const columns = { seedLo: one.map(() => seed.lo), seedHi: one.map(() => seed.hi), token, n };
    for (const kernel of [wasm, plain]) {
      for (const gamma256 of [1, 64, 77, 128, 192, 255]) {
        const [row, flags] = [new Float32Array(n), new Float64Array(n)];
        kernel.biasRow(key, seed, gamma256, 1, row);
        kernel.green(key, columns, gamma256, flags);
        expect(Array.from(row)).toEqual(Array.from(flags));
      }
      const [row, words] = [new Uint32Array(n), new Uint32Array(n)];
      kernel.wordRow(key, seed, row);
      kernel.words(key, columns, words);
      expect(row).toEqual(words);
    }
  });

  it("keeps two keys apart that take turns on one kernel", () => {
    const other = randomTokens(8, 2 ** 32, 5);
    const flags = (kernel: Kernel, words: Uint32Array): Float64Array => {
      const out = new Float64Array(500);
      kernel.green(words, pairs(500), 64, out);
      return out;
    };
    const [first, second, again] = [flags(wasm, key), flags(wasm, other), flags(wasm, key)];
    expect(again).toEqual(first);
    expect(second).not.toEqual(first);
    expect(second).toEqual(flags(plain, other));
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
    expect(await kernelSource()).toBe(committed);
  });
});

describe("bit planes", () => {
  it("stop at the lowest one that decides", () => {
    expect([128, 64, 192, 1, 255, 96].map(decidingPlanes)).toEqual([1, 2, 2, 8, 8, 3]);
    for (const bad of [0, 256, 1.5]) expect(() => decidingPlanes(bad)).toThrow(RangeError);
  });
});
