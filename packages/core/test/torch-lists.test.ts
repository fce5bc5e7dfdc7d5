import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPlainKernel } from "../src/prf/plain.js";
import { createWasmKernel } from "../src/prf/wasm.js";
import { randomTokens } from "../src/testing/index.js";

const { torch: wasm } = createWasmKernel();
const { torch: plain } = createPlainKernel();
const run = { seed: 20261124, numRuns: 40 };

/** Vocabularies around the generator's block of 624 words, powers of two (their inverse is a pure shift) and odd ones. */
const vocabulary = fc.constantFrom(2, 3, 5, 64, 623, 624, 625, 1024, 1249, 4096, 50_257);
const seed = fc.nat(0xffff_ffff);

/** n coins over few seeds, so that some lists are built whole and some tokens are followed alone. */
function coins(n: number, V: number, salt: number) {
  const pool = randomTokens(Math.ceil(n / 4), 2 ** 32, salt);
  const pick = randomTokens(n, pool.length, salt + 1);
  const spread = Uint32Array.from(pick, (i) => Math.floor((i * i) / pool.length));
  return { seedLo: spread.map((i) => pool[i]), token: randomTokens(n, V, salt + 2), n };
}

describe("torch's lists in WebAssembly, against plain JavaScript", () => {
  it("are two implementations", () => expect([wasm.path, plain.path]).toEqual(["wasm", "plain"]));

  it("hold the same tokens, whatever the size of the list", () => {
    fc.assert(
      fc.property(
        vocabulary,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 60 }),
        fc.nat(1000),
        (V, share, n, salt) => {
          const size = { V, k: Math.max(1, Math.floor(share * V)) };
          const [a, b] = [new Float64Array(n), new Float64Array(n)];
          const some = coins(n, V, salt);
          wasm.contains(some, size, a);
          plain.contains(some, size, b);
          expect(a).toEqual(b);
          wasm.contains(some, size, a); // from the lists it kept
          expect(a).toEqual(b);
        },
      ),
      run,
    );
  });

  it("are in the same order, and tell the same positions", () => {
    fc.assert(
      fc.property(vocabulary, seed, fc.integer({ min: 1, max: 9 }), (V, value, n) => {
        const [a, b] = [new Uint32Array(V), new Uint32Array(V)];
        wasm.head(value, { V, k: V }, a);
        plain.head(value, { V, k: V }, b);
        expect(a).toEqual(b);
        expect(wasm.permutation(value, V)).toEqual(b);
        const [x, y] = [new Uint32Array(n), new Uint32Array(n)];
        wasm.positions(coins(n, V, value & 1023), V, x);
        plain.positions(coins(n, V, value & 1023), V, y);
        expect(x).toEqual(y);
      }),
      run,
    );
  });

  it("bias the same logits, in the kernel's own row and in anybody's", () => {
    const kernel = createWasmKernel();
    fc.assert(
      fc.property(
        vocabulary,
        seed,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (V, value, share) => {
          const size = { V, k: Math.max(1, Math.floor(share * V)) };
          const logits = Float32Array.from(randomTokens(V, 1000, 7), (x) => x / 37);
          const [own, a, b] = [kernel.row(V), logits.slice(), logits.slice()];
          own.set(logits);
          for (const row of [own, a]) kernel.torch.addBias(value, size, { bias: 2.5, logits: row });
          plain.addBias(value, size, { bias: 2.5, logits: b });
          expect(a).toEqual(b);
          expect(own.slice()).toEqual(b);
        },
      ),
      run,
    );
  });
});
