import { VerdigrisError } from "@verdigris/core";
import { randomTokens } from "@verdigris/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ServingSketch, binomialLog10P } from "../../src/index.js";

const salt = new Uint8Array(32).fill(9);
const sketch = (h: number, width = 2 ** 12): ServingSketch => new ServingSketch({ h, width, salt });

/** Exact counts of the windows before positions h … T−1 of many texts. */
function exact(texts: readonly Uint32Array[], h: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const tokens of texts) {
    for (let end = h; end < tokens.length; end++) {
      const window = tokens.subarray(end - h, end).join(" ");
      counts.set(window, (counts.get(window) ?? 0) + 1);
    }
  }
  return counts;
}

describe("a serving sketch", () => {
  it.each([0, 1, 2, 4, 5, 8])("counts windows of %s tokens exactly while there are few", (h) => {
    const texts = [1, 2, 3].map((seed) => randomTokens(120, 4, seed));
    const counted = sketch(h, 2 ** 16);
    for (const text of texts) counted.add(text);
    const truth = exact(texts, h);
    for (const text of texts) {
      const wanted = Array.from({ length: text.length - h }, (_, i) =>
        truth.get(text.subarray(i, i + h).join(" ")),
      );
      expect(Array.from(counted.counts(text))).toEqual(wanted);
    }
    expect(counted.total).toBe(3 * (120 - h));
  });

  it("never counts too little, and too much within its bound", () => {
    const text = randomTokens(30_000, 3000, 4);
    const crowded = sketch(2, 2 ** 11);
    crowded.add(text);
    const truth = exact([text], 2);
    const { excess, failure } = crowded.errorBound;
    const counts = crowded.counts(text);
    let beyond = 0;
    for (let i = 0; i < counts.length; i++) {
      const over = counts[i] - (truth.get(text.subarray(i, i + 2).join(" ")) ?? 0);
      expect(over).toBeGreaterThanOrEqual(0);
      if (over > excess) beyond++;
    }
    expect(excess).toBeLessThan(50);
    expect(counts.some((count) => count > 3)).toBe(true); // crowded indeed
    expect(binomialLog10P(beyond, counts.length, failure)).toBeGreaterThan(-9);
  });

  it("of two logs merged is that of both together, in bytes, too", () => {
    const texts = fc.array(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 40 }), {
      maxLength: 5,
    });
    fc.assert(
      fc.property(texts, texts, (left, right) => {
        const [a, b, both] = [sketch(2, 2 ** 8), sketch(2, 2 ** 8), sketch(2, 2 ** 8)];
        for (const tokens of left) a.add(Uint32Array.from(tokens));
        for (const tokens of right) b.add(Uint32Array.from(tokens));
        for (const tokens of [...right, ...left]) both.add(Uint32Array.from(tokens));
        a.merge(ServingSketch.fromBytes(b.toBytes()));
        expect(a.toBytes()).toEqual(both.toBytes());
      }),
      { numRuns: 30, seed: 3 },
    );
  });

  it("gives nothing away without its salt: another salt puts the same window elsewhere", () => {
    const other = new ServingSketch({ h: 2, width: 2 ** 12, salt: salt.map((byte) => byte ^ 1) });
    const text = randomTokens(50, 1000, 6);
    const same = sketch(2);
    same.add(text);
    other.add(text);
    const counters = (of: ServingSketch): Uint8Array => of.toBytes().subarray(56);
    expect(counters(other)).not.toEqual(counters(same));
    expect(() => same.merge(other)).toThrow(
      "other: expected a sketch of the same h, width and salt",
    );
  });

  it.each([
    [{ width: 1000 }, "width: expected a power of two from 2^8 to 2^26, got 1000"],
    [{ h: 9 }, "h: expected a whole number from 0 to 8, got 9"],
    [{ salt: new Uint8Array(8) }, "salt: expected 32 bytes, got 8"],
  ])("refuses the shape %j", (changes, message) => {
    expect(() => new ServingSketch({ h: 2, salt, ...changes })).toThrow(message);
  });

  it("takes as many bytes as it has counters in use, and no more than all of them", () => {
    const [few, many] = [sketch(2, 2 ** 12), sketch(2, 2 ** 12)];
    few.add(randomTokens(52, 1000, 7));
    many.add(randomTokens(20_000, 1000, 8));
    expect(few.toBytes().length).toBeLessThan(4 * (15 + 2 * 200) + 1);
    expect(many.toBytes()).toHaveLength(4 * (14 + 4 * 2 ** 12));
    for (const one of [few, many]) {
      expect(ServingSketch.fromBytes(one.toBytes()).toBytes()).toEqual(one.toBytes());
    }
  });

  it("is written and read in small steps, of which none has more than 2^14 counters", () => {
    for (const tokens of [300, 40_000]) {
      const counted = sketch(2, 2 ** 16);
      counted.add(randomTokens(tokens, 1000, 10));
      const pieces = [...counted.pieces()];
      expect(Buffer.concat(pieces)).toEqual(Buffer.from(counted.toBytes()));
      for (const { length } of pieces) expect(length).toBeLessThanOrEqual(8 * 2 ** 14);
      const steps = [...ServingSketch.reading(counted.toBytes(), () => sketch(2, 2 ** 16))];
      expect(steps.length).toBe(tokens === 300 ? 1 : 2 ** 18 / 2 ** 14);
    }
  });

  it("that was cleared is like new, and can be read into", () => {
    const [used, other] = [sketch(2, 2 ** 10), sketch(2, 2 ** 10)];
    used.add(randomTokens(5000, 1000, 11));
    used.clear();
    expect(used.toBytes()).toEqual(sketch(2, 2 ** 10).toBytes());
    other.add(randomTokens(50, 1000, 12));
    const reading = ServingSketch.reading(other.toBytes(), () => used);
    for (const _ of reading) expect(used.total).toBe(48);
    expect(used.toBytes()).toEqual(other.toBytes());
  });

  it("refuses bytes that are not a whole sketch", () => {
    const used = sketch(2, 2 ** 8);
    used.add(randomTokens(10, 50, 9));
    const twice = used.toBytes();
    // The second counter again where the first is.
    twice.copyWithin(60, 68, 72);
    expect(() => ServingSketch.fromBytes(twice)).toThrow(VerdigrisError);
    const none = used.toBytes();
    // A counter of 0, which would not be written again.
    none.fill(0, 64, 68);
    expect(() => ServingSketch.fromBytes(none)).toThrow(VerdigrisError);
    const bytes = used.toBytes();
    const wrong = [
      bytes.subarray(1),
      bytes.subarray(0, bytes.length - 4),
      bytes.map(() => 7),
      new Uint8Array(0),
    ];
    for (const each of wrong) expect(() => ServingSketch.fromBytes(each)).toThrow(VerdigrisError);
  });
});
