import type { Coins, Scheme, Tokens } from "./types.js";

/** Coins with what they showed. */
export interface ScoredCoins extends Coins {
  readonly score: Float64Array; // (n)
}

/** The coins of positions `from` … T−1, repeated ones included; from ≥ h. (T − from) */
export function coinsOf(scheme: Scheme, tokens: Tokens, from = scheme.h): ScoredCoins {
  const n = Math.max(0, tokens.length - from);
  const seeds = { seedLo: new Uint32Array(n), seedHi: new Uint32Array(n) };
  const coins = { ...seeds, token: tokens.subarray(tokens.length - n), n };
  const score = new Float64Array(n);
  if (n > 0) {
    scheme.seeds(tokens, from, coins);
    scheme.scores(coins, score);
  }
  return { ...coins, score };
}
