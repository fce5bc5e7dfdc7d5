import { type Word64, add, multiply, remainder, setNumber, word64 } from "./int64.js";

/** A prime per place of the window, the oldest token first. */
const PRIMES = [
  10_000_019, 10_000_247, 10_000_439, 10_000_643, 10_000_747, 10_000_867, 10_000_993, 10_001_213,
  10_001_357, 10_001_501,
].map(word64);
const TOKEN = word64(100_000_007);
const KEY = 500_001_713n;
const MIXERS = [word64(15_485_863), word64(40_499)] as const;

/** What the mixed hash of one token is above that of the token before it. */
export const TEXTSEAL_STEP = word64(100_000_007n * 15_485_863n * 40_499n);

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
  /** What a window's contribution and token t are mixed to: start + t · TEXTSEAL_STEP mod 2^64, start written to `out`. */
  line(window: Word64, out: Word64): void;
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
    line: mix,
    level(window, token): number {
      setNumber(sum, token);
      multiply(sum, TOKEN, sum);
      add(sum, window, sum);
      mix(sum, sum);
      return levelOf(sum);
    },
  };
}

function mix(value: Word64, out: Word64): void {
  multiply(value, MIXERS[0], out);
  multiply(out, MIXERS[1], out);
}

/** x ^ (x >> 13), signed, modulo 8191. Overwrites x. */
function levelOf(x: Word64): number {
  const shifted = (x.hi | 0) >> 13;
  x.lo = (x.lo ^ ((x.lo >>> 13) | (x.hi << 19))) >>> 0;
  x.hi = (x.hi ^ shifted) >>> 0;
  return remainder(x, TEXTSEAL_LEVELS);
}

/** Tokens whose level is below `top`, along a window's line. */
export interface TextSealList {
  readonly start: Word64;
  readonly top: number;
}

/** The list as bits in plain JavaScript: token t in bit t mod 32 of word t div 32. (V) */
export function plainTextSealBits({ start, top }: TextSealList, V: number): Uint32Array {
  const bits = new Uint32Array((V + 31) >>> 5);
  const [line, x] = [{ ...start }, word64()];
  for (let t = 0; t < V; t++) {
    x.lo = line.lo;
    x.hi = line.hi;
    if (levelOf(x) < top) bits[t >>> 5] |= 1 << (t & 31);
    add(line, TEXTSEAL_STEP, line);
  }
  return bits;
}
