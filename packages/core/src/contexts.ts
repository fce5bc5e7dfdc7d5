import { constantWords, growing } from "./growing.js";
import type { Columns, Kernel, KeyWords, Seed } from "./prf/kernel.js";
import type { Scheme, SeedArrays, Tokens } from "./types.js";

/** How a context becomes a seed: all of it in order, its minimum, or its minimum with the candidate. */
export type Seeding = "left" | "min" | "self";

/** Marks a position of the PRF input that holds no token. */
const EMPTY = 0xffff_ffff;

/**
 * Effective seeds of contexts of at least h tokens, 64 bit, words 0 (lo) and 1 (hi) of the PRF:
 *
 * - left: hash of the last h tokens in text order, padded with EMPTY; h > 4 chains two blocks (CBC-MAC,
 *   fixed length).
 * - min:  least of hash(token) over the last h tokens (Kirchenbauer et al. 2023b, "min").
 * - self: least of hash(token, candidate) over the last h tokens and the candidate itself ("self-hash").
 */
export interface Seeder {
  /** Whether the seed depends on the candidate token. */
  readonly perCandidate: boolean;
  /** What keys share. The seed of `left` is a hash of the window: equal under one key, equal under all. */
  readonly sharing: Pick<Scheme, "coinsDependOnKey" | "leastHash" | "seedsLookBack">;
  /** Seed for whatever follows `context`; not for `self`. */
  one(context: Tokens): Seed;
  /** Seeds of each candidate after `context`. (K) */
  candidates(context: Tokens, ids: Uint32Array, out: SeedArrays): void;
  /** Seeds of positions from … T−1. (T − from) */
  batch(tokens: Tokens, from: number, out: SeedArrays): void;
}

/** The seeder of a profile's seeding rule and width. */
export function createSeeder(kernel: Kernel, key: KeyWords, rule: Seeding, h: number): Seeder {
  const hash: Hash = (input, n, out) => kernel.hash(key, input, n, out);
  if (rule === "left") return sharedSeeder(leftSeeds(hash, h), LEFT);
  if (rule === "min") return sharedSeeder(minSeeds(hash, h), sharedHashes(hash, false));
  return selfSeeder(hash, h);
}

const LEFT = { coinsDependOnKey: false, seedsLookBack: true } as const;

/** Inputs hashed together, where there may be millions. */
const INPUTS = 16_384;

/** Room that all seeders share, whatever their key: it is used within a call, and thousands of keys may be bound at once. */
const empty = constantWords(EMPTY);
const scratch = createColumns();

/** `Kernel.hash` under the context key. */
type Hash = (input: Columns, n: number, out: readonly Uint32Array[]) => void;

/** Writes the seeds of positions from … from+n−1, each given by the h tokens before it. */
type Seeds = (tokens: Tokens, from: number, n: number, out: SeedArrays) => void;

function leftSeeds(hash: Hash, h: number): Seeds {
  return (tokens, from, n, out) => {
    const start = from - h;
    /** The j-th token of every window, or EMPTY. */
    const column = (j: number): Uint32Array =>
      j < h ? tokens.subarray(start + j, start + j + n) : empty(n);
    const first: Columns = [column(0), column(1), column(2), column(3)];
    if (h <= 4) return hash(first, n, [out.seedLo, out.seedHi]);
    const chain = scratch(n);
    hash(first, n, chain);
    for (let j = 0; j < 4; j++) {
      const next = column(4 + j);
      for (let i = 0; i < n; i++) chain[j][i] ^= next[i];
    }
    hash(chain, n, [out.seedLo, out.seedHi]);
  };
}

function minSeeds(hash: Hash, h: number): Seeds {
  return (tokens, from, n, out) => {
    const hashed = n + h - 1;
    const [lo, hi] = scratch(hashed);
    const rest = empty(hashed);
    hash([tokens.subarray(from - h, from - h + hashed), rest, rest, rest], hashed, [lo, hi]);
    out.seedLo.set(lo.subarray(0, n));
    out.seedHi.set(hi.subarray(0, n));
    for (let j = 1; j < h; j++) keepLess(lo.subarray(j, j + n), hi.subarray(j, j + n), out);
  };
}

/** Hashes of (token) or of (token, candidate), as `min` and `self` take the least of them. */
function sharedHashes(hash: Hash, withCandidate: boolean): Seeder["sharing"] {
  return {
    coinsDependOnKey: true,
    seedsLookBack: !withCandidate,
    leastHash: {
      withCandidate,
      hash(context, candidate, { seedLo, seedHi }) {
        for (let start = 0; start < context.length; start += INPUTS) {
          const part = (words: Uint32Array): Uint32Array => words.subarray(start, start + INPUTS);
          const first = part(context);
          const rest = empty(first.length);
          const second = withCandidate ? part(candidate) : rest;
          hash([first, second, rest, rest], first.length, [part(seedLo), part(seedHi)]);
        }
      },
    },
  };
}

function selfSeeder(hash: Hash, h: number): Seeder {
  /** `load` writes the j-th context token of every candidate into a column. */
  function seeds(
    candidates: Tokens,
    load: (j: number, column: Tokens) => void,
    out: SeedArrays,
  ): void {
    const n = candidates.length;
    const rest = empty(n);
    const [lo, hi, context] = scratch(n);
    hash([candidates, candidates, rest, rest], n, [out.seedLo, out.seedHi]);
    for (let j = 0; j < h; j++) {
      load(j, context);
      hash([context, candidates, rest, rest], n, [lo, hi]);
      keepLess(lo, hi, out);
    }
  }
  return {
    perCandidate: true,
    sharing: sharedHashes(hash, true),
    one(): Seed {
      throw new TypeError("seeding: a self seed exists per candidate only");
    },
    candidates(context: Tokens, ids: Uint32Array, out: SeedArrays): void {
      seeds(ids, (j, column) => column.fill(context[context.length - h + j]), out);
    },
    batch(tokens: Tokens, from: number, out: SeedArrays): void {
      const candidates = tokens.subarray(from);
      seeds(
        candidates,
        (j, column) => column.set(tokens.subarray(from - h + j, tokens.length - h + j)),
        out,
      );
    },
  };
}

/** A seeder whose seed is shared by all candidates of a step. */
function sharedSeeder(seeds: Seeds, sharing: Seeder["sharing"]): Seeder {
  const first = { seedLo: new Uint32Array(1), seedHi: new Uint32Array(1) };
  function one(context: Tokens): Seed {
    seeds(context, context.length, 1, first);
    return { lo: first.seedLo[0], hi: first.seedHi[0] };
  }
  return {
    perCandidate: false,
    sharing,
    one,
    candidates(context: Tokens, ids: Uint32Array, out: SeedArrays): void {
      const seed = one(context);
      out.seedLo.fill(seed.lo, 0, ids.length);
      out.seedHi.fill(seed.hi, 0, ids.length);
    },
    batch(tokens: Tokens, from: number, out: SeedArrays): void {
      seeds(tokens, from, tokens.length - from, out);
    },
  };
}

/** out[i] = the lesser of out[i] and (lo[i], hi[i]), compared as 64-bit unsigned numbers. */
function keepLess(lo: Uint32Array, hi: Uint32Array, out: SeedArrays): void {
  const { seedLo, seedHi } = out;
  for (let i = 0; i < lo.length; i++) {
    if (hi[i] < seedHi[i] || (hi[i] === seedHi[i] && lo[i] < seedLo[i])) {
      seedLo[i] = lo[i];
      seedHi[i] = hi[i];
    }
  }
}

/** Four scratch columns of n words on buffers that grow to the largest request. */
function createColumns(): (n: number) => Columns {
  const words = growing((n) => new Uint32Array(4 * n));
  return (n) => {
    const buffer = words(n);
    return [0, 1, 2, 3].map((j) => buffer.subarray(j * n, (j + 1) * n)) as unknown as Columns;
  };
}
