import fc from "fast-check";
import { expect, it } from "vitest";
import { candidatesOf } from "../src/candidates.js";
import { type Rounds, createTournament, exponential } from "../src/primitives/tournament.js";
import { randomTokens } from "../src/testing/index.js";

const run = { seed: 20261124, numRuns: 60 };
const rows = fc.record({
  K: fc.constantFrom(1, 2, 3, 100, 999, 4096),
  depth: fc.integer({ min: 1, max: 32 }),
  leaves: fc.integer({ min: 2, max: 5 }),
  scale: fc.constantFrom(1, 30, 300),
  salt: fc.nat(1000),
});

/** The definition, layer by layer; what becomes less than 1e-30 is nothing. */
function layerByLayer(
  logits: Float32Array,
  words: Uint32Array,
  { depth, leaves }: Rounds,
): number[] {
  const top = Math.max(...logits);
  const weights = [...logits].map((x) => Math.exp(x - top));
  const total = weights.reduce((sum, x) => sum + x, 0);
  let p = weights.map((x) => (x < 1e-30 ? 0 : x / total));
  for (let layer = 0; layer < depth; layer++) {
    const g = [...words].map((word) => (word >>> layer) & 1);
    const G = Math.min(
      1,
      p.reduce((sum, x, i) => sum + x * g[i], 0),
    );
    const won = leaves === 2 ? 2 - G : G === 0 ? 1 : (1 - (1 - G) ** leaves) / G;
    const lost = (1 - G) ** (leaves - 1);
    p = p.map((x, i) => x * (g[i] === 1 ? won : lost));
  }
  return p;
}

it("the tournament played on patterns is the one played layer by layer", () => {
  fc.assert(
    fc.property(rows, ({ K, depth, leaves, scale, salt }) => {
      const logits = Float32Array.from(randomTokens(K, 1000, salt), (x) => (x / 1000) * scale);
      const words = randomTokens(K, 2 ** 32, salt + 1);
      const expected = layerByLayer(logits, words, { depth, leaves });
      createTournament({ depth, leaves })(logits, words);
      expected.forEach((p, i) => {
        if (p > 1.0001e-30) expect(Math.abs(logits[i] - Math.log(p))).toBeLessThan(1e-5);
        if (p < 0.9999e-30) expect(logits[i]).toBe(-Infinity);
      });
    }),
    run,
  );
});

it("its exponential is that of the engine", () => {
  fc.assert(
    fc.property(fc.double({ min: Math.log(1e-30), max: 0, noNaN: true }), (x) => {
      expect(Math.abs(exponential(x) / Math.exp(x) - 1)).toBeLessThan(6e-16);
    }),
    { seed: 20261124, numRuns: 2000 },
  );
  expect([exponential(0), exponential(Math.log(1e-30)) / 1e-30]).toEqual([
    1,
    expect.closeTo(1, 14),
  ]);
});

it("a tournament keeps nothing of the row before", () => {
  const [first, again] = [
    createTournament({ depth: 30, leaves: 2 }),
    randomTokens(999, 2 ** 32, 5),
  ];
  const row = (n: number, salt: number) =>
    Float32Array.from(randomTokens(n, 1000, salt), (x) => x / 50);
  first(row(4096, 1), randomTokens(4096, 2 ** 32, 2));
  const [a, b] = [row(999, 3), row(999, 3)];
  first(a, again);
  createTournament({ depth: 30, leaves: 2 })(b, again);
  expect(a).toEqual(b);
});

it("what is no number is no candidate of a tournament", () => {
  const play = createTournament({ depth: 30, leaves: 2 });
  const words = randomTokens(100, 2 ** 32, 5);
  const row = (seventh: number) =>
    Float32Array.from(randomTokens(100, 1000, 3), (x, i) => (i === 7 ? seventh : x / 50));
  const [one, other] = [row(NaN), row(-Infinity)];
  play(one, words);
  play(other, words);
  expect(one).toEqual(other);
  expect(one[7]).toBe(-Infinity);
  expect(one[8]).toBeGreaterThan(-100);
});

it("candidates by falling logit are those of a whole sort", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -3, max: 40 }), { minLength: 1, maxLength: 200, size: "max" }),
      fc.nat(40),
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
