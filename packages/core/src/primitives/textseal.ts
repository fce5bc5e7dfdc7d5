import { type Word64, add, multiply, remainder, setNumber, word64 } from "./int64.js";

/** A prime per place of the window, the oldest token first. */
const PRIMES = [
  10_000_019, 10_000_247, 10_000_439, 10_000_643, 10_000_747, 10_000_867, 10_000_993, 10_001_213,
  10_001_357, 10_001_501,
].map(word64);
const TOKEN = word64(100_000_007);
const KEY = 500_001_713n;
const MIXERS = [word64(15_485_863), word64(40_499)] as const;

/** Values a hash can take. */
export const TEXTSEAL_LEVELS = 8191;

/** Longest window TextSeal has primes for. */
export const TEXTSEAL_WIDTH = PRIMES.length;

/** TextSeal 0.0.5's hash under a secret key: signed 64-bit arithmetic, reduced to 8,191 values. */
export interface TextSealHash {
  /** Writes what a window contributes, the key included. */
  window(
    tokens: Uint32Array,
    range: { readonly start: number; readonly end: number },
    out: Word64,
  ): void;
  /** 0 … 8190 of a window's contribution and a token. */
  level(window: Word64, token: number): number;
}

/** @param key `secret_key` */
export function textSealHash(key: bigint): TextSealHash {
  const secret = word64(key * KEY);
  const [term, sum] = [word64(), word64()];
  return {
    window(tokens, { start, end }, out): void {
      out.lo = secret.lo;
      out.hi = secret.hi;
      for (let i = start; i < end; i++) {
        setNumber(term, tokens[i]);
        multiply(term, PRIMES[i - start], term);
        add(out, term, out);
      }
    },
    level(window, token): number {
      setNumber(sum, token);
      multiply(sum, TOKEN, sum);
      add(sum, window, sum);
      for (const mixer of MIXERS) multiply(sum, mixer, sum);
      const shifted = (sum.hi | 0) >> 13;
      sum.lo = (sum.lo ^ ((sum.lo >>> 13) | (sum.hi << 19))) >>> 0;
      sum.hi = (sum.hi ^ shifted) >>> 0;
      return remainder(sum, TEXTSEAL_LEVELS);
    },
  };
}
