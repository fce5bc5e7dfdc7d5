import type { Coins, Scheme } from "@verdigris/core";
import { lehmer, randomTokens } from "@verdigris/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CoinSet } from "../src/coin-set.js";

/** n coins from few seeds and tokens; some of the seeds and tokens have the fingerprint (0, 0), which is an empty slot's. */
function coins(n: number, kinds: number, salt: number): Coins {
  const random = lehmer(salt + 1);
  const pick = (): number => Math.floor(random.next() * kinds);
  const words = (of: (kind: number) => number): Uint32Array =>
    Uint32Array.from({ length: n }, () => of(pick()));
  return {
    seedLo: words((kind) => (kind === 0 ? 0x9e37_79b1 : kind * 0x0123_4567)),
    seedHi: words((kind) => (kind < 2 ? 0 : kind * 0x0765_4321)),
    token: words((kind) => kind),
    n,
  };
}

/** What a set of the language itself says is new: places, and how many there are by then. */
function plainly(
  seen: Set<string>,
  { seedLo, seedHi, token, n }: Coins,
  coin: Scheme["coin"],
): number[] {
  return [...Array(n).keys()].filter((i) => {
    const { size } = seen;
    seen.add(`${seedHi[i]} ${seedLo[i]} ${coin === "seed" ? "" : token[i]}`);
    return seen.size > size;
  });
}

function copied({ seedLo, seedHi, token, n }: Coins): Coins {
  return { seedLo: seedLo.slice(), seedHi: seedHi.slice(), token: token.slice(), n };
}

describe("a set of coins", () => {
  const batches = fc.array(fc.record({ n: fc.nat(1500), kinds: fc.integer({ min: 1, max: 40 }) }), {
    maxLength: 6,
  });
  it.each(["seed-and-token", "seed"] as const)(
    "finds new what a plain set finds new: %s",
    (coin) => {
      fc.assert(
        fc.property(batches, fc.boolean(), (sizes, reserves) => {
          const [set, oneByOne, seen] = [new CoinSet(coin), new CoinSet(coin), new Set<string>()];
          if (reserves) set.reserve(700);
          for (const [salt, { n, kinds }] of sizes.entries()) {
            const given = coins(n, kinds, salt);
            const moved = copied(given);
            const places = new Uint32Array(n);
            const fresh = set.addEach(moved, places);
            const expected = plainly(seen, given, coin);
            expect([...places.subarray(0, fresh)]).toEqual(expected);
            expect([...moved.token.subarray(0, fresh)]).toEqual(
              expected.map((i) => given.token[i]),
            );
            expect([...moved.seedLo.subarray(0, fresh)]).toEqual(
              expected.map((i) => given.seedLo[i]),
            );
            expect([...moved.seedHi.subarray(0, fresh)]).toEqual(
              expected.map((i) => given.seedHi[i]),
            );
            const { seedLo, seedHi, token } = given;
            const single = [...Array(n).keys()].filter((i) =>
              oneByOne.add(seedLo[i], seedHi[i], token[i]),
            );
            expect(single).toEqual(expected);
            for (const i of expected) expect(set.has(seedLo[i], seedHi[i], token[i])).toBe(true);
            expect(set.size).toBe(seen.size);
          }
          expect(set.has(123_456_789, 987_654_321, 5)).toBe(false);
        }),
        { seed: 11, numRuns: 40 },
      );
    },
  );

  it("loses none and invents none while it grows from one table to sixteen", () => {
    const [n, set] = [700_000, new CoinSet("seed-and-token")];
    const all = {
      seedLo: randomTokens(n, 2 ** 32, 1),
      seedHi: randomTokens(n, 2 ** 32, 2),
      token: new Uint32Array(n),
      n,
    };
    const distinct = new Set(
      Array.from(all.seedLo, (lo, i) => all.seedHi[i] * 2 ** 21 + (lo >>> 11)),
    ).size;
    expect(set.addEach(copied(all), new Uint32Array(n))).toBe(distinct);
    expect([distinct, set.size, set.exact]).toEqual([n, n, true]);
    expect(set.addEach(copied(all), new Uint32Array(n))).toBe(0);
  });

  it("keeps as many exactly as it may, and says so", () => {
    const set = new CoinSet("seed-and-token", 1000);
    set.reserve(5000);
    const all = {
      seedLo: randomTokens(3000, 2 ** 32, 1),
      seedHi: randomTokens(3000, 2 ** 32, 2),
      token: new Uint32Array(3000),
    };
    const places = new Uint32Array(3000);
    expect(set.addEach(copied({ ...all, n: 1000 }), places)).toBe(1000);
    expect([set.size, set.exact]).toEqual([1000, true]);
    expect(set.addEach(copied({ ...all, n: 1000 }), places)).toBe(0);
    expect(set.exact).toBe(true);
    // The filter behind it is nearly empty: it takes all of the rest for new, once.
    expect(set.addEach(copied({ ...all, n: 3000 }), places)).toBe(2000);
    expect(set.addEach(copied({ ...all, n: 3000 }), places)).toBe(0);
    expect([set.size, set.exact]).toEqual([1000, false]);
  });
});
