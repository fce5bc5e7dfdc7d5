import type { Coins, Scheme, SeedArrays, Tokens } from "./types.js";

/** Room for n seeds of a scheme. */
export function seedArrays(scheme: Pick<Scheme, "extraSeedWords">, n: number): SeedArrays {
  const words = (): Uint32Array => new Uint32Array(n);
  return {
    seedLo: words(),
    seedHi: words(),
    more: Array.from({ length: scheme.extraSeedWords }, words),
  };
}

/** Coins with what they showed. */
export interface ScoredCoins extends Coins {
  readonly score: Float64Array; // (n)
}

/** The coins of positions `from` … T−1, repeated ones included; from ≥ h. (T − from) */
export function coinsOf(scheme: Scheme, tokens: Tokens, from = scheme.h): ScoredCoins {
  const n = Math.max(0, tokens.length - from);
  const coins = { ...seedArrays(scheme, n), token: tokens.subarray(tokens.length - n), n };
  const score = new Float64Array(n);
  if (n > 0) {
    scheme.seeds(tokens, from, coins);
    scheme.scores(coins, score);
  }
  return { ...coins, score };
}
