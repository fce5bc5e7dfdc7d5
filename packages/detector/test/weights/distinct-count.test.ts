import { VerdigrisError } from "@verdigris/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DistinctCount, ServingSketch, windowHasher } from "../../src/index.js";

const salt = new Uint8Array(32).fill(5);
const hash = windowHasher({ h: 1, salt });

/** Counts `n` hashes, of the tokens from `from` on. */
function counted(n: number, from = 0): DistinctCount {
  const tokens = Uint32Array.from({ length: n + 1 }, (_, i) => from + i);
  const count = new DistinctCount();
  count.add(hash(tokens));
  return count;
}

describe("a distinct count", () => {
  it("is 1.04/√4096 off, one standard error, from none to a million, and unbiased", () => {
    expect(new DistinctCount().estimate).toBe(0);
    const sizes = [1, 10, 300, 3000, 10_000, 30_000, 300_000];
    for (const size of sizes) {
      const repeats = size <= 30_000 ? 12 : 2;
      const errors = Array.from({ length: repeats }, (_, i) => {
        return counted(size, i * 1_000_003).estimate / size - 1;
      });
      // 5 standard errors: a correct counter fails this with probability below 1e-5 over all.
      for (const error of errors) expect(Math.abs(error)).toBeLessThan(5 * (1.04 / 64));
      const mean = errors.reduce((sum, one) => sum + one, 0) / repeats;
      expect(Math.abs(mean)).toBeLessThan((5 * (1.04 / 64)) / Math.sqrt(repeats));
    }
  });

  it("of two logs merged is that of both together; what came before counts once", () => {
    const size = fc.integer({ min: 0, max: 400 });
    fc.assert(
      fc.property(size, size, size, (a, b, overlap) => {
        const from = Math.max(0, a - overlap);
        const merged = counted(a);
        merged.merge(counted(b, from));
        const union = Math.max(a, from + b);
        expect(merged.toBytes()).toEqual(counted(union).toBytes());
        expect(DistinctCount.fromBytes(merged.toBytes()).estimate).toBe(merged.estimate);
      }),
      { numRuns: 30, seed: 7 },
    );
  });

  it("shares its hashes with a sketch of the same windows", () => {
    const distinct = new DistinctCount();
    const [whole, hashed] = [1, 2].map(() => new ServingSketch({ h: 2, salt, width: 256 }));
    const text = Uint32Array.from({ length: 20_000 }, (_, i) => (i % 500) + 1);
    const hashes = windowHasher({ h: 2, salt })(text);
    hashed.addHashes(hashes);
    distinct.add(hashes);
    whole.add(text);
    expect(hashed.toBytes()).toEqual(whole.toBytes());
    expect(hashed.total).toBe(19_998);
    expect(Math.abs(distinct.estimate - 500)).toBeLessThan(25);
  });

  it.each([new Uint8Array(4095), new Uint8Array(4096).fill(54)])(
    "refuses bytes that are none (%#)",
    (bytes) => {
      expect(() => DistinctCount.fromBytes(bytes)).toThrow(VerdigrisError);
    },
  );
});
