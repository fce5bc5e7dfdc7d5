/**
 * The seeding functions of lm-watermarking (Kirchenbauer et al. 2023b, released code fb602de), which sbw shares. x is
 * the window, oldest first; m the key; W signed 64-bit wrap-around; H a lookup in a table of a million entries.
 */
import {
  type Word64,
  lessSigned,
  multiply,
  multiplyFolded,
  add,
  remainder,
  setNumber,
  toTorchSeed,
  word64,
} from "./int64.js";

/** Entries of the table under H. */
export const HASH_TABLE_SIZE = 1_000_003;
/** torch seed of lm-watermarking's table, whatever the key. */
export const HASH_TABLE_SEED = 2_971_215_073;

/** Names of the functions, as in lm-watermarking. */
export const LM_PRFS = [
  "additive_prf",
  "multiplicative_prf",
  "minfunc_prf",
  "simple_skip_prf",
  "skipgram_prf",
  "anchored_skipgram_prf",
  "minhash_prf",
  "anchored_minhash_prf",
  "minskipgram_prf",
  "noncomm_prf",
  "position_prf",
] as const;
export type LmPrf = (typeof LM_PRFS)[number];

/** Writes the torch seed of a window: the function's value mod (2^64 − 1). `tokens[start … end)`, oldest first. */
export type WindowSeed = (tokens: Uint32Array, window: WindowRange, out: Word64) => void;

/** Tokens [start, end) of a text. */
export interface WindowRange {
  readonly start: number;
  readonly end: number;
}

/** A whole number as sign and magnitude. */
interface Signed {
  readonly magnitude: Word64;
  readonly negative: boolean;
}

/**
 * A seeding function under a key. H may be another hash of tokens with the same range (sbw's Jenkins hash).
 * @param table `randperm(1000003)` under HASH_TABLE_SEED
 */
export function windowSeed(prf: LmPrf, key: bigint, table: Uint32Array): WindowSeed {
  const m = word64(key);
  const salt: Signed = { magnitude: word64(key < 0n ? -key : key), negative: key < 0n };
  const [a, b, best] = [word64(), word64(), word64()];
  /** H(v) of a signed 64-bit value. */
  const hash = (v: Word64): number => table[remainder(v, HASH_TABLE_SIZE)] + 1;
  const hashToken = (x: number): number => table[x % HASH_TABLE_SIZE] + 1;
  /** H(m · x). */
  const salted = (x: number): number => {
    setNumber(a, x);
    multiply(m, a, a);
    return hash(a);
  };
  /** Least of f over the window. */
  const least = (
    tokens: Uint32Array,
    { start, end }: WindowRange,
    f: (x: number) => number,
  ): number => {
    let min = Infinity;
    for (let i = start; i < end; i++) min = Math.min(min, f(tokens[i]));
    return min;
  };
  const numbers: Partial<Record<LmPrf, (tokens: Uint32Array, window: WindowRange) => number>> = {
    skipgram_prf: (tokens, { start }) => salted(tokens[start]),
    anchored_skipgram_prf: (tokens, { start, end }) =>
      salted(tokens[start]) * salted(tokens[end - 1]),
    minhash_prf: (tokens, window) => least(tokens, window, salted),
    minskipgram_prf: (tokens, window) => leastPair(tokens, window, salted),
  };
  const small = numbers[prf];
  if (small !== undefined) return (tokens, window, out) => setNumber(out, small(tokens, window));
  switch (prf) {
    case "additive_prf":
      return (tokens, { start, end }, out) => {
        let sum = 0;
        for (let i = start; i < end; i++) sum += tokens[i];
        setNumber(a, sum);
        product(salt, { magnitude: a, negative: false }, out);
      };
    case "minfunc_prf":
      return (tokens, window, out) => {
        setNumber(
          a,
          least(tokens, window, (x) => x),
        );
        product(salt, { magnitude: a, negative: false }, out);
      };
    case "multiplicative_prf":
      return (tokens, { start, end }, out) => {
        setNumber(b, 1);
        for (let i = start; i < end; i++) {
          setNumber(a, tokens[i]);
          multiply(b, a, b);
        }
        const negative = (b.hi | 0) < 0;
        if (negative) negate(b);
        product(salt, { magnitude: b, negative }, out);
      };
    case "simple_skip_prf":
      return (tokens, { start, end }, out) => {
        setNumber(out, 1);
        for (let i = start; i < end; i += 2) {
          setNumber(b, salted(tokens[i]));
          multiply(out, b, out);
        }
        toTorchSeed(out);
      };
    case "anchored_minhash_prf":
      return (tokens, { start, end }, out) => {
        const anchor = hashToken(tokens[end - 1]);
        for (let i = start; i < end; i++) {
          setNumber(a, hashToken(tokens[i]) * anchor);
          multiply(m, a, a);
          if (i === start || lessSigned(a, best)) copy(a, best);
        }
        copy(best, out);
        toTorchSeed(out);
      };
    case "noncomm_prf":
      return (tokens, { start, end }, out) => {
        copy(m, out);
        for (let i = start; i < end; i++) {
          setNumber(a, tokens[i]);
          multiply(out, a, a);
          setNumber(b, hash(a));
          multiply(out, b, out);
          out.hi = 0;
        }
      };
    case "position_prf":
      return (tokens, { start, end }, out) => {
        setNumber(b, 0);
        for (let i = start; i < end; i++) {
          setNumber(a, (i - start + 1) * tokens[i]);
          add(b, a, b);
        }
        multiply(m, b, out);
        toTorchSeed(out);
      };
    default:
      throw new TypeError(`prf: expected one of ${LM_PRFS.join(", ")}, got ${prf}`);
  }
}

/** out = a · b mod (2^64 − 1), as Python's integers have it: exact, then reduced to 0 … 2^64 − 2. */
function product(a: Signed, b: Signed, out: Word64): void {
  multiplyFolded(a.magnitude, b.magnitude, out);
  if (a.negative === b.negative || (out.lo === 0 && out.hi === 0)) return;
  out.lo = ~out.lo >>> 0;
  out.hi = ~out.hi >>> 0;
}

function leastPair(
  tokens: Uint32Array,
  { start, end }: WindowRange,
  f: (x: number) => number,
): number {
  let [first, second] = [Infinity, Infinity];
  for (let i = start; i < end; i++) {
    const value = f(tokens[i]);
    if (value < first) [first, second] = [value, first];
    else if (value < second) second = value;
  }
  return first * second;
}

function copy(from: Word64, to: Word64): void {
  to.lo = from.lo;
  to.hi = from.hi;
}

function negate(value: Word64): void {
  value.lo = (~value.lo + 1) >>> 0;
  value.hi = (~value.hi + (value.lo === 0 ? 1 : 0)) >>> 0;
}

/** What a scheme string of lm-watermarking says. */
export interface SeedingScheme {
  readonly prf: LmPrf;
  /** Tokens the function sees, the candidate included if self-salted. */
  readonly width: number;
  readonly selfSalt: boolean;
  /** The key, where the string has one. */
  readonly key: bigint | null;
}

const NAMED: Readonly<Record<string, readonly [LmPrf, number, boolean]>> = {
  simple_1: ["additive_prf", 1, false],
  lefthash: ["additive_prf", 1, false],
  "algorithm-3": ["anchored_minhash_prf", 4, true],
  selfhash: ["anchored_minhash_prf", 4, true],
  minhash: ["minhash_prf", 4, false],
  skipgram: ["skipgram_prf", 5, false],
};

/** Reads a named scheme or `ff-<prf>-<width>-<True|False>[-<key>]`; null if it is neither. */
export function parseSeedingScheme(text: string): SeedingScheme | null {
  const named = Object.hasOwn(NAMED, text) ? NAMED[text] : undefined;
  if (named !== undefined) {
    return { prf: named[0], width: named[1], selfSalt: named[2], key: 15_485_863n };
  }
  const match = /^ff-([a-z_]+)-([1-9]\d?)-(True|False)(?:-(-?\d+))?$/.exec(text);
  if (match === null || !(LM_PRFS as readonly string[]).includes(match[1])) return null;
  return {
    prf: match[1] as LmPrf,
    width: Number(match[2]),
    selfSalt: match[3] === "True",
    key: match[4] === undefined ? 15_485_863n : BigInt(match[4]),
  };
}
