import { word64 } from "./primitives/int64.js";
import { threeBricksSeed } from "./primitives/three-bricks.js";
import { type KeyedSeed, keylessSeeds, seedWeaknesses } from "./seed-weaknesses.js";
import type { Scheme, Tokens, Weakness } from "./types.js";

/** The seed both marks of three_bricks share, and its weaknesses. */
export interface ThreeBricksRule {
  /** Low 32 bits of the seed of the h tokens before `end`. */
  seedAt(tokens: Tokens, end: number): number;
  readonly weaknesses: readonly Weakness[];
  readonly isKeyless?: Scheme["isKeyless"];
}

/**
 * `hash` seeding under `salt_key` and `seed`. With seed 0 a window that is zero but for its last token has that token's
 * id for a seed, whatever the salt: with h = 1 that is every window.
 */
export function threeBricksRule(
  [salt, seed]: readonly bigint[],
  { h, V }: { readonly h: number; readonly V: number },
): ThreeBricksRule {
  const out = word64();
  const under = (of: bigint): ThreeBricksRule["seedAt"] => {
    const hash = threeBricksSeed({ salt: of, seed }, h);
    return (tokens, end) => {
      hash(tokens, end, out);
      return out.lo;
    };
  };
  const keyed: KeyedSeed = {
    key: salt,
    width: h,
    selfSalt: false,
    seedUnder: (of) => (window) => under(of)(window, window.length),
  };
  return {
    seedAt: under(salt),
    weaknesses: [
      { name: "seed-modulo-2^32", message: "only 32 bits of the hash count" },
      ...seedWeaknesses(keyed),
    ],
    ...(seed % (2n ** 64n - 1n) === 0n
      ? { isKeyless: (lo: number) => lo < V }
      : keylessSeeds(keyed)),
  };
}
