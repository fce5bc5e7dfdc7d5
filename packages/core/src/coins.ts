import type { Coins } from "./types.js";

/** Room for the coins of n positions. */
export function createCoins(n: number): Coins {
  return {
    seedLo: new Uint32Array(n),
    seedHi: new Uint32Array(n),
    score: new Float64Array(n),
  };
}
