import { lehmer } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import { BloomFilter } from "../src/bloom-filter.js";
import { binomialLog10P } from "../src/index.js";

const MEMBERS = 500_000;

/** A word of 32 bits. */
function word(random: { next(): number }): number {
  return Math.floor(random.next() * 2 ** 16) * 2 ** 16 + Math.floor(random.next() * 2 ** 16);
}

describe("the filter behind a full coin set", () => {
  it("never takes an old member for a new one", () => {
    const filter = new BloomFilter();
    const random = lehmer(3);
    const members = Array.from({ length: 20_000 }, () => [word(random), word(random)] as const);
    for (const [lo, hi] of members) filter.add(lo, hi);
    expect(members.filter(([lo, hi]) => filter.add(lo, hi))).toEqual([]);
  });

  it("takes few new members for old, also where a mark has seeds of 32 bits only", () => {
    const filter = new BloomFilter();
    const random = lehmer(5);
    for (let i = 0; i < MEMBERS; i++) filter.add(word(random), 0);
    const trials = 20_000;
    let dropped = 0;
    for (let i = 0; i < trials; i++) if (!filter.add(word(random), 0)) dropped++;
    // (1 − e^(−4n/m))^4 = .0021 at 500,000 members of 2^23 bits, and 1 in 8,000 words was drawn before.
    expect(binomialLog10P(dropped, trials, 0.0026)).toBeGreaterThan(-9);
  });

  it("drops a coin whatever it shows: even if score and fingerprint are the same bits and the past was all of one kind", () => {
    const filter = new BloomFilter();
    const random = lehmer(7);
    const isGreen = (lo: number): boolean => lo < 2 ** 30;
    for (let added = 0; added < 2 * MEMBERS;) {
      const lo = word(random);
      if (isGreen(lo)) continue;
      filter.add(lo, word(random));
      added++;
    }
    let [kept, green] = [0, 0];
    for (let i = 0; i < 100_000; i++) {
      const lo = word(random);
      if (!filter.add(lo, word(random))) continue;
      kept++;
      if (isGreen(lo)) green++;
    }
    expect(kept).toBeLessThan(99_000);
    expect(binomialLog10P(green, kept, 0.25)).toBeGreaterThan(-9);
  });
});
