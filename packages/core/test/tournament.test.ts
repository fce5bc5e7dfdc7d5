import fc from "fast-check";
import { expect, it } from "vitest";
import { candidatesOf } from "../src/candidates.js";
import { createPlainKernel } from "../src/prf/plain.js";
import { createWasmKernel } from "../src/prf/wasm.js";
import { tournament } from "../src/primitives/tournament.js";
import { randomTokens } from "../src/testing/index.js";

const run = { seed: 20261124, numRuns: 60 };
const rows = fc.record({
  K: fc.constantFrom(1, 2, 3, 100, 999, 4096),
  depth: fc.integer({ min: 1, max: 32 }),
  leaves: fc.integer({ min: 2, max: 5 }),
  scale: fc.constantFrom(1, 30, 300),
  salt: fc.nat(1000),
});

it("the tournament in WebAssembly is the plain one, bit for bit", () => {
  const [wasm, plain] = [createWasmKernel().tournament, createPlainKernel().tournament];
  fc.assert(
    fc.property(rows, ({ K, depth, leaves, scale, salt }) => {
      const logits = Float32Array.from(randomTokens(K, 1000, salt), (x) => (x / 1000) * scale);
      const words = randomTokens(K, 2 ** 32, salt + 1);
      const [a, b] = [logits.slice(), logits.slice()];
      tournament(a, words, { depth, leaves, play: wasm });
      tournament(b, words, { depth, leaves, play: plain });
      expect(a).toEqual(b);
      const mass = a.reduce((sum, x) => sum + Math.exp(x), 0);
      expect(mass).toBeCloseTo(1, 5);
    }),
    run,
  );
});

it("candidates by falling logit are those of a whole sort", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1 }),
      fc.nat(20),
      (list, n) => {
        const logits = Float32Array.from(list, (x) => (x === -3 ? -Infinity : x));
        const sorted = [...logits.keys()].sort((a, b) => logits[b] - logits[a] || a - b);
        const all = candidatesOf(logits, { kind: "greens", n: 1 });
        expect([...all]).toEqual(sorted);
        const first = candidatesOf(logits, { kind: "candidates", n: n + 1 });
        expect([...first]).toEqual(sorted.slice(0, n + 1));
        const near = candidatesOf(logits, { kind: "score", below: 2 });
        const best = logits[sorted[0]];
        expect([...near]).toEqual(
          best === -Infinity ? sorted : sorted.filter((i) => best - logits[i] <= 2),
        );
      },
    ),
    run,
  );
});
