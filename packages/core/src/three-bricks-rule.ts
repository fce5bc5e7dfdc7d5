import { word64 } from "./primitives/int64.js";
import { threeBricksSeed } from "./primitives/three-bricks.js";
import { seedWeaknesses } from "./seed-weaknesses.js";
import type { Tokens, Weakness } from "./types.js";

/** The seed both marks of three_bricks share, and its weaknesses. */
export interface ThreeBricksRule {
  /** Low 32 bits of the seed of the h tokens before `end`. */
  seedAt(tokens: Tokens, end: number): number;
  readonly weaknesses: readonly Weakness[];
}

/** `hash` seeding under `salt_key` and `seed`. */
export function threeBricksRule([salt, seed]: readonly bigint[], h: number): ThreeBricksRule {
  const out = word64();
  const under = (of: bigint): ThreeBricksRule["seedAt"] => {
    const hash = threeBricksSeed({ salt: of, seed }, h);
    return (tokens, end) => {
      hash(tokens, end, out);
      return out.lo;
    };
  };
  return {
    seedAt: under(salt),
    weaknesses: [
      { name: "seed-modulo-2^32", message: "only 32 bits of the hash count" },
      ...seedWeaknesses({
        key: salt,
        width: h,
        selfSalt: false,
        seedUnder: (of) => (window) => under(of)(window, window.length),
      }),
    ],
  };
}
