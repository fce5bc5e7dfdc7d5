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

/** What seeding functions under one key share. */
interface Tools {
  readonly m: Word64;
  /** The key as Python has it: without wrap-around. */
  readonly salt: Signed;
  /** H(v) of a signed 64-bit value. */
  hash(v: Word64): number;
  hashToken(x: number): number;
  /** H(m · x). */
  salted(x: number): number;
}

/**
 * A seeding function under a key.
 * @param table `randperm(1000003)` under HASH_TABLE_SEED
 */
export function windowSeed(prf: LmPrf, key: bigint, table: Uint32Array): WindowSeed {
  const m = word64(key);
  const scaled = word64();
  const hash = (v: Word64): number => table[remainder(v, HASH_TABLE_SIZE)] + 1;
  return SEEDS[prf]({
    m,
    salt: { magnitude: word64(key < 0n ? -key : key), negative: key < 0n },
    hash,
    hashToken: (x) => table[x % HASH_TABLE_SIZE] + 1,
    salted(x) {
      setNumber(scaled, x);
      multiply(m, scaled, scaled);
      return hash(scaled);
    },
  });
}

const SEEDS: Readonly<Record<LmPrf, (tools: Tools) => WindowSeed>> = {
  additive_prf: saltTimes((tokens, { start, end }) => {
    let sum = 0;
    for (let i = start; i < end; i++) sum += tokens[i];
    return sum;
  }),
  minfunc_prf: saltTimes((tokens, window) => least(tokens, window, (x) => x)),
  multiplicative_prf({ salt }) {
    const [x, all] = [word64(), word64()];
    return (tokens, { start, end }, out) => {
      setNumber(all, 1);
      for (let i = start; i < end; i++) {
        setNumber(x, tokens[i]);
        multiply(all, x, all);
      }
      const negative = (all.hi | 0) < 0;
      if (negative) negate(all);
      product(salt, { magnitude: all, negative }, out);
    };
  },
  simple_skip_prf({ salted }) {
    const h = word64();
    return (tokens, { start, end }, out) => {
      setNumber(out, 1);
      for (let i = start; i < end; i += 2) {
        setNumber(h, salted(tokens[i]));
        multiply(out, h, out);
      }
      toTorchSeed(out);
    };
  },
  skipgram_prf: small((tokens, { start }, { salted }) => salted(tokens[start])),
  anchored_skipgram_prf: small(
    (tokens, { start, end }, { salted }) => salted(tokens[start]) * salted(tokens[end - 1]),
  ),
  minhash_prf: small((tokens, window, { salted }) => least(tokens, window, salted)),
  anchored_minhash_prf({ m, hashToken }) {
    const [value, best] = [word64(), word64()];
    return (tokens, { start, end }, out) => {
      const anchor = hashToken(tokens[end - 1]);
      for (let i = start; i < end; i++) {
        setNumber(value, hashToken(tokens[i]) * anchor);
        multiply(m, value, value);
        if (i === start || lessSigned(value, best)) copy(value, best);
      }
      copy(best, out);
      toTorchSeed(out);
    };
  },
  minskipgram_prf: small((tokens, window, { salted }) => leastPair(tokens, window, salted)),
  noncomm_prf({ m, hash }) {
    const [value, h] = [word64(), word64()];
    return (tokens, { start, end }, out) => {
      copy(m, out);
      for (let i = start; i < end; i++) {
        setNumber(value, tokens[i]);
        multiply(out, value, value);
        setNumber(h, hash(value));
        multiply(out, h, out);
        out.hi = 0;
      }
    };
  },
  position_prf({ m }) {
    const [term, sum] = [word64(), word64()];
    return (tokens, { start, end }, out) => {
      setNumber(sum, 0);
      for (let i = start; i < end; i++) {
        setNumber(term, (i - start + 1) * tokens[i]);
        add(sum, term, sum);
      }
      multiply(m, sum, out);
      toTorchSeed(out);
    };
  },
};

/** The key times a number below 2^53, as Python multiplies. */
function saltTimes(
  numberOf: (tokens: Uint32Array, window: WindowRange) => number,
): (tools: Tools) => WindowSeed {
  return ({ salt }) => {
    const magnitude = word64();
    return (tokens, window, out) => {
      setNumber(magnitude, numberOf(tokens, window));
      product(salt, { magnitude, negative: false }, out);
    };
  };
}

/** A seed below 2^53. */
function small(
  numberOf: (tokens: Uint32Array, window: WindowRange, tools: Tools) => number,
): (tools: Tools) => WindowSeed {
  return (tools) => (tokens, window, out) => setNumber(out, numberOf(tokens, window, tools));
}

/** Least of f over a window. */
function least(tokens: Uint32Array, { start, end }: WindowRange, f: (x: number) => number): number {
  let min = Infinity;
  for (let i = start; i < end; i++) min = Math.min(min, f(tokens[i]));
  return min;
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
