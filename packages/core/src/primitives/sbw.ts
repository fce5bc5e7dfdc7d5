/** sbw's seeds and green rules (1.0.0), and vLLM's copy of them (repository snapshot caaac7c). */
import { type Word64, add, lessSigned, mulHigh, multiply, setNumber, word64 } from "./int64.js";
import type { LmPrf } from "./lm-hash.js";
import { philox4x32 } from "./philox.js";
import { type SeedingScheme, parseSeedingScheme } from "./seeding-scheme.js";

/** The seeding functions sbw shares with lm-watermarking. */
export const SBW_PRFS = [
  "additive_prf",
  "multiplicative_prf",
  "minfunc_prf",
  "skipgram_prf",
  "anchored_skipgram_prf",
  "minhash_prf",
  "anchored_minhash_prf",
  "position_prf",
] as const satisfies readonly LmPrf[];
export type SbwPrf = (typeof SBW_PRFS)[number];

/** A hash of signed 64-bit values: Jenkins' of the low 32 bits, or a table. */
export type SbwHash = (value: Word64) => number;

/** Writes the 64-bit seed of tokens [start, end), signed wrap-around throughout. */
export type SbwSeed = (
  tokens: Uint32Array,
  window: { readonly start: number; readonly end: number },
  out: Word64,
) => void;

/** What sbw's seeding functions under one key share. */
interface Tools {
  readonly k: Word64;
  hashed(x: number): number;
  /** Hash of k · x. */
  salted(x: number): number;
}

/** A seeding function of sbw under a key. */
export function sbwSeed(prf: SbwPrf, key: bigint, hash: SbwHash): SbwSeed {
  const k = word64(key);
  const value = word64();
  return SEEDS[prf]({
    k,
    hashed(x) {
      setNumber(value, x);
      return hash(value);
    },
    salted(x) {
      setNumber(value, x);
      multiply(k, value, value);
      return hash(value);
    },
  });
}

const SEEDS: Readonly<Record<SbwPrf, (tools: Tools) => SbwSeed>> = {
  additive_prf: keyTimes((window) => window.reduce((sum, x) => sum + x, 0)),
  minfunc_prf: keyTimes((window) => window.reduce((min, x) => Math.min(min, x), Infinity)),
  multiplicative_prf:
    ({ k }) =>
    (tokens, { start, end }, out) => {
      copy(k, out);
      for (let i = start; i < end; i++) times(out, tokens[i]);
    },
  position_prf({ k }) {
    const term = word64();
    return (tokens, { start, end }, out) => {
      setNumber(out, 0);
      for (let i = start; i < end; i++) {
        copy(k, term);
        times(term, tokens[i]);
        times(term, i - start + 1);
        add(out, term, out);
      }
    };
  },
  skipgram_prf:
    ({ salted }) =>
    (tokens, { start }, out) =>
      setNumber(out, salted(tokens[start])),
  anchored_skipgram_prf:
    ({ salted }) =>
    (tokens, { start, end }, out) => {
      setNumber(out, salted(tokens[start]));
      times(out, salted(tokens[end - 1]));
    },
  minhash_prf: ({ salted }) => leastOf((tokens, i, value) => setNumber(value, salted(tokens[i]))),
  anchored_minhash_prf: ({ k, hashed }) =>
    leastOf((tokens, i, value, end) => {
      copy(k, value);
      times(value, hashed(tokens[i]));
      times(value, hashed(tokens[end - 1]));
    }),
};

/** The key times a number of the window. */
function keyTimes(numberOf: (window: Uint32Array) => number): (tools: Tools) => SbwSeed {
  return ({ k }) =>
    (tokens, { start, end }, out) => {
      setNumber(out, numberOf(tokens.subarray(start, end)));
      multiply(k, out, out);
    };
}

/** The least, signed, of a value per token. */
function leastOf(
  each: (tokens: Uint32Array, i: number, value: Word64, end: number) => void,
): SbwSeed {
  const value = word64();
  return (tokens, { start, end }, out) => {
    for (let i = start; i < end; i++) {
      each(tokens, i, value, end);
      if (i === start || lessSigned(value, out)) copy(value, out);
    }
  };
}

/** out = out · x, wrapped around; x is whole. */
function times(out: Word64, x: number): void {
  const [lo, hi] = [x >>> 0, Math.floor(x / 2 ** 32) >>> 0];
  const high = mulHigh(out.lo, lo) + Math.imul(out.lo, hi) + Math.imul(out.hi, lo);
  out.lo = Math.imul(out.lo, lo) >>> 0;
  out.hi = high >>> 0;
}

/** The 31 bits that decide about a token under a seed: green if they are low. */
export function sbwBits(seed: { readonly lo: number; readonly hi: number }, token: number): number {
  const block = Uint32Array.of(token >>> 2, 0, 0, 0);
  philox4x32(block, seed.lo, seed.hi);
  return block[token & 3] & 0x7fff_ffff;
}

/** sbw's float of 31 bits: just under bits / 2^31. */
export function sbwUniform(bits: number): number {
  return Math.fround(Math.fround(bits) * Math.fround(4.6566127342e-10));
}

/** The generator's rule: an integer threshold. */
export function sbwBelow(bits: number, gamma: number): boolean {
  return bits < Math.trunc(gamma * 0x7fff_ffff);
}

/** The detector's rule: float32, which differs for some 66 of 2^31 values near the threshold. */
export function sbwIsGreen(bits: number, gamma: number): boolean {
  return sbwUniform(bits) < Math.fround(gamma);
}

/** Functions that hash tokens at all; the others go by the table's name. */
const HASHING: ReadonlySet<string> = new Set([
  "skipgram_prf",
  "anchored_skipgram_prf",
  "minhash_prf",
  "anchored_minhash_prf",
] satisfies SbwPrf[]);

/** What a scheme string of sbw says beyond lm-watermarking's. */
export interface SbwScheme extends SeedingScheme {
  readonly prf: SbwPrf;
  /** Per-token lists from Philox; else torch permutations. */
  readonly gpu: boolean;
  readonly hash: "jenkins" | "table";
  /** The detector's rule in the generator, too. */
  readonly fused: boolean;
  /** Candidates a self-salted generator tries; null: all. */
  readonly candidates: number | null;
}

/** Reads sbw's scheme names; null if unknown. */
export function parseSbwScheme(text: string): SbwScheme | null {
  const gpu = text.startsWith("gpu-");
  const fused = text.startsWith("gpu-fused-");
  let name = text.replace(/^gpu-(?:fused-)?/, "");
  const cpuHash = name.includes("cpuhash");
  name = name.replace(/-?cpuhash/, "");
  const limit = /-(\d+|fullvocab)(?:-cudagraphs)?$/.exec(name);
  if (limit !== null) name = name.slice(0, limit.index);
  const wide = /^simple_(\d+)$/.exec(name)?.[1];
  const parsed = parseSeedingScheme(wide === undefined ? name : `ff-additive_prf-${wide}-False`);
  if (parsed === null || !(SBW_PRFS as readonly string[]).includes(parsed.prf)) return null;
  // On the CPU it always looks at 41, whatever the name says; 0 and "fullvocab" are all.
  const few = gpu ? Number(limit?.[1] ?? 0) || null : 41;
  return {
    ...parsed,
    prf: parsed.prf as SbwPrf,
    gpu,
    hash: gpu && !cpuHash && HASHING.has(parsed.prf) ? "jenkins" : "table",
    fused,
    candidates: parsed.selfSalt ? few : null,
  };
}

function copy(from: Word64, to: Word64): void {
  to.lo = from.lo;
  to.hi = from.hi;
}

/** Low 32 bits of a signed 64-bit seed modulo 2^63 − 1, not negative: what sbw seeds torch with. */
export function sbwTorchSeed(seed: Word64): number {
  const extreme = seed.lo === 0 && seed.hi === 0x8000_0000;
  if ((seed.hi | 0) < 0) return (seed.lo - (extreme ? 2 : 1)) >>> 0;
  return seed.lo === 0xffff_ffff && seed.hi === 0x7fff_ffff ? 0 : seed.lo;
}

/** Probability that uniform 31 bits are green by the detector's rule. */
export function sbwShare(gamma: number): number {
  let [green, red] = [-1, 2 ** 31];
  while (red - green > 1) {
    const middle = Math.floor((green + red) / 2);
    if (sbwIsGreen(middle, gamma)) green = middle;
    else red = middle;
  }
  return red / 2 ** 31;
}
