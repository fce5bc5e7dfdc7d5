import type { Kernel, KeyWords, Seed } from "./prf/kernel.js";
import type { Tokens } from "./types.js";

/** How a context becomes a seed: all of it in order, its minimum, or its minimum with the candidate. */
export type Seeding = "left" | "min" | "self";

/** Marks a position of the PRF input that holds no token. */
const EMPTY = 0xffff_ffff;

/**
 * Effective seeds of contexts, 64 bit, words 0 (lo) and 1 (hi) of the PRF:
 *
 * - left: hash of the last h tokens in text order, padded with EMPTY; h > 4 chains two blocks (CBC-MAC,
 *   fixed length).
 * - min:  least of hash(token) over the last h tokens (Kirchenbauer et al. 2023b, "min").
 * - self: least of hash(token, candidate) over the last h tokens and the candidate itself ("self-hash").
 */
export interface Seeder {
  /** Whether the seed depends on the candidate token. */
  readonly perCandidate: boolean;
  /** Seed for whatever follows `context`; not for `self`. */
  one(context: Tokens): Seed;
  /** Seeds of each candidate after `context`. (K) */
  candidates(context: Tokens, ids: Uint32Array, out: SeedArrays): void;
  /** Seeds of positions from … T−1. (T − from) */
  batch(tokens: Tokens, from: number, out: SeedArrays): void;
}

/** Seeds, structure of arrays. */
export interface SeedArrays {
  readonly seedLo: Uint32Array;
  readonly seedHi: Uint32Array;
}

/** The seeder of a profile's seeding rule and width. */
export function createSeeder(kernel: Kernel, key: KeyWords, rule: Seeding, h: number): Seeder {
  const hasher = createHasher(kernel, key);
  if (rule === "left") return leftSeeder(hasher, h);
  if (rule === "min") return minSeeder(hasher, h);
  return selfSeeder(hasher, h);
}

function leftSeeder(hasher: Hasher, h: number): Seeder {
  /** Positions from … from+n−1, each seeded by the h tokens before it. */
  function seeds(tokens: Tokens, from: number, n: number, out: SeedArrays): void {
    const x = hasher.input(n);
    for (let i = 0, at = from - h; i < n; i++, at++) {
      for (let j = 0; j < 4; j++) x[4 * i + j] = j < h ? tokens[at + j] : EMPTY;
    }
    let words = hasher.run(n);
    if (h > 4) {
      for (let i = 0, at = from - h + 4; i < n; i++, at++) {
        for (let j = 0; j < 4; j++) x[4 * i + j] = words[4 * i + j] ^ (j < h - 4 ? tokens[at + j] : EMPTY);
      }
      words = hasher.run(n);
    }
    for (let i = 0; i < n; i++) {
      out.seedLo[i] = words[4 * i];
      out.seedHi[i] = words[4 * i + 1];
    }
  }
  return sharedSeeder((context, out) => seeds(context, context.length, 1, out), (tokens, from, out) =>
    seeds(tokens, from, tokens.length - from, out),
  );
}

function minSeeder(hasher: Hasher, h: number): Seeder {
  function seeds(tokens: Tokens, from: number, n: number, out: SeedArrays): void {
    const x = hasher.input(n + h - 1).fill(EMPTY);
    for (let i = 0; i < n + h - 1; i++) x[4 * i] = tokens[from - h + i];
    const words = hasher.run(n + h - 1);
    for (let i = 0; i < n; i++) least(words, i, h, out, i);
  }
  return sharedSeeder((context, out) => seeds(context, context.length, 1, out), (tokens, from, out) =>
    seeds(tokens, from, tokens.length - from, out),
  );
}

function selfSeeder(hasher: Hasher, h: number): Seeder {
  function seeds(n: number, tokenAt: (i: number, j: number) => number, out: SeedArrays): void {
    const width = h + 1;
    const x = hasher.input(n * width).fill(EMPTY);
    for (let i = 0; i < n; i++) {
      const candidate = tokenAt(i, h);
      for (let j = 0; j < width; j++) {
        x[4 * (i * width + j)] = tokenAt(i, j);
        x[4 * (i * width + j) + 1] = candidate;
      }
    }
    const words = hasher.run(n * width);
    for (let i = 0; i < n; i++) least(words, i * width, width, out, i);
  }
  return {
    perCandidate: true,
    one(): Seed {
      throw new TypeError("seeding: a self seed exists per candidate only");
    },
    candidates(context: Tokens, ids: Uint32Array, out: SeedArrays): void {
      const start = context.length - h;
      seeds(ids.length, (i, j) => (j < h ? context[start + j] : ids[i]), out);
    },
    batch(tokens: Tokens, from: number, out: SeedArrays): void {
      seeds(tokens.length - from, (i, j) => tokens[from + i - h + j], out);
    },
  };
}

/** A seeder whose seed is shared by all candidates of a step. */
function sharedSeeder(
  last: (context: Tokens, out: SeedArrays) => void,
  batch: (tokens: Tokens, from: number, out: SeedArrays) => void,
): Seeder {
  const scratch = { seedLo: new Uint32Array(1), seedHi: new Uint32Array(1) };
  function one(context: Tokens): Seed {
    last(context, scratch);
    return { lo: scratch.seedLo[0], hi: scratch.seedHi[0] };
  }
  return {
    perCandidate: false,
    one,
    candidates(context: Tokens, ids: Uint32Array, out: SeedArrays): void {
      const seed = one(context);
      out.seedLo.fill(seed.lo, 0, ids.length);
      out.seedHi.fill(seed.hi, 0, ids.length);
    },
    batch,
  };
}

/** out[to] = least of `count` seeds in PRF outputs `first …`, compared as 64-bit unsigned numbers. */
function least(words: Uint32Array, first: number, count: number, out: SeedArrays, to: number): void {
  let lo = words[4 * first];
  let hi = words[4 * first + 1];
  for (let i = first + 1; i < first + count; i++) {
    const l = words[4 * i];
    const g = words[4 * i + 1];
    if (g < hi || (g === hi && l < lo)) {
      lo = l;
      hi = g;
    }
  }
  out.seedLo[to] = lo;
  out.seedHi[to] = hi;
}

interface Hasher {
  /** Input words of n items; fill, then `run(n)`. (4n) */
  input(n: number): Uint32Array;
  /** Output words of the n items. (4n) */
  run(n: number): Uint32Array;
}

/** Batched hashing over buffers that grow to the largest batch and are then reused. */
function createHasher(kernel: Kernel, key: KeyWords): Hasher {
  let input = new Uint32Array(64);
  let output = new Uint32Array(64);
  return {
    input(n: number): Uint32Array {
      if (4 * n > input.length) {
        input = new Uint32Array(8 * n);
        output = new Uint32Array(8 * n);
      }
      return input.subarray(0, 4 * n);
    },
    run(n: number): Uint32Array {
      kernel.hash(key, input.subarray(0, 4 * n), output);
      return output;
    },
  };
}
