/** The g-values of SynthID-Text (Dathathri et al. 2024) in the two hashes its releases have. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Coins, SeedArrays } from "../types.js";
import { type Word64, add, multiply, remainder, setNumber, word64 } from "./int64.js";
import { SYNTHID_MULTIPLIER, lowBits } from "./synthid-low-bits.js";
import { TorchGenerator } from "./torch.js";

const M = word64(SYNTHID_MULTIPLIER);
const ONE = word64(1n);

/** Which release's hash. */
export type SynthIdHash =
  /** Hugging Face and PyPI synthid-text 0.2.1: bits from a table of `size` coins, drawn by torch under `seed`. */
  | { readonly kind: "table"; readonly size: number; readonly seed: bigint }
  /** synthid-text on GitHub (addb4a15): the start value depends on all keys, twelve more steps, no table. */
  | { readonly kind: "chain" };

/** out[i] = score of the state that is seed i. */
export type Scorer = (states: Pick<Coins, "seedLo" | "seedHi" | "n">, out: Float64Array) => void;

/** G-values under a list of layer keys. A word has layer l in bit l. */
export interface SynthIdPrf {
  readonly depth: number;
  /** Writes the state after tokens [start, end). */
  state(
    tokens: Uint32Array,
    range: { readonly start: number; readonly end: number },
    out: Word64,
  ): void;
  /** Takes one more token. */
  push(state: Word64, token: number): void;
  /** Writes the states of positions from … T−1, each after h tokens and its own; of small ones, what matters. */
  states(
    tokens: Uint32Array,
    span: { readonly from: number; readonly h: number },
    out: Pick<SeedArrays, "seedLo" | "seedHi">,
  ): void;
  /** The hash of a state with layer l's key (`ngram_keys`). */
  layerHash(state: Word64, layer: number, out: Word64): void;
  /** g-values of a state that has taken its token. */
  word(state: Word64): number;
  /** What writes the scores of n states that have taken their tokens, given that of a state's g-values. */
  scorer(score: (word: number) => number): Scorer;
  /** g-values of a state after each candidate, taken alone; without `ids` candidate i is token i. (K) */
  candidateWords(state: Word64, ids: Uint32Array | undefined, out: Uint32Array): void;
  /** How many values a state that matters can take: a power of two up to 2^16, or Infinity for 64 bits. */
  readonly size: number;
  /** Largest share of ones over the layers. */
  readonly shareOfOnes: number;
}

/** What is faster where only low bits of a state count. */
export type SynthIdBatches = "word" | "states" | "scorer" | "candidateWords";

/** `sampling_table`: coins of torch's generator. (size) */
export function synthIdTable(size: number, seed: bigint): Uint8Array {
  const generator = new TorchGenerator(seed);
  const table = new Uint8Array(size);
  for (let i = 0; i < size; i++) table[i] = generator.u32() & 1;
  return table;
}

/** Start value of the chain hash: SHA-256 of the keys as little-endian int64, big-endian, mod 2^63 − 1. */
export function synthIdStart(keys: readonly bigint[]): bigint {
  const bytes = new Uint8Array(8 * keys.length);
  const view = new DataView(bytes.buffer);
  keys.forEach((key, i) => view.setBigInt64(8 * i, key, true));
  const digest = sha256(bytes).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  return digest % (2n ** 63n - 1n);
}

/** The PRF of a hash under layer keys (int64), at most 32. */
export function synthIdPrf(keys: readonly bigint[], hash: SynthIdHash): SynthIdPrf {
  const layers = keys.map((key) => word64(key));
  const start = word64(hash.kind === "table" ? 1n : synthIdStart(keys));
  const t = word64();
  const scratch = word64();
  const push = (state: Word64, token: number): void => {
    setNumber(t, token);
    step(state, t);
  };
  const layerHash = (state: Word64, layer: number, out: Word64): void => {
    out.lo = state.lo;
    out.hi = state.hi;
    step(out, layers[layer]);
  };
  const table = hash.kind === "table" ? synthIdTable(hash.size, hash.seed) : null;
  const word = (state: Word64): number => {
    let out = 0;
    for (let layer = 0; layer < layers.length; layer++) {
      layerHash(state, layer, scratch);
      out |= bitOf(scratch, table) << layer;
    }
    return out >>> 0;
  };
  const state = stateFrom(start, push);
  const small = table !== null && isSmallPower(table.length);
  return {
    depth: keys.length,
    state,
    push,
    layerHash,
    ...(small ? lowBits(table, keys, start.lo) : allBits({ state, push, word })),
    size: small ? table.length : Infinity,
    shareOfOnes: table === null ? 0.5 : table.reduce((sum, one) => sum + one, 0) / table.length,
  };
}

function stateFrom(first: Word64, push: SynthIdPrf["push"]): SynthIdPrf["state"] {
  return (tokens, { start, end }, out) => {
    out.lo = first.lo;
    out.hi = first.hi;
    for (let i = start; i < end; i++) push(out, tokens[i]);
  };
}

/** Hash by hash, on all 64 bits of the states. */
function allBits({
  state,
  push,
  word,
}: Pick<SynthIdPrf, "state" | "push" | "word">): Pick<SynthIdPrf, SynthIdBatches> {
  const one = word64();
  const load = (lo: number, hi: number): Word64 => {
    one.lo = lo;
    one.hi = hi;
    return one;
  };
  return {
    word,
    states(tokens, { from, h }, { seedLo, seedHi }) {
      for (let t = from; t < tokens.length; t++) {
        state(tokens, { start: t - h, end: t + 1 }, one);
        seedLo[t - from] = one.lo;
        seedHi[t - from] = one.hi;
      }
    },
    scorer(score) {
      return ({ seedLo, seedHi, n }, out) => {
        for (let i = 0; i < n; i++) out[i] = score(word(load(seedLo[i], seedHi[i])));
      };
    },
    candidateWords({ lo, hi }, ids, out) {
      for (let i = 0; i < out.length; i++) {
        push(load(lo, hi), ids === undefined ? i : ids[i]);
        out[i] = word(one);
      }
    },
  };
}

/** h ← (h + t) M + 1. */
function step(h: Word64, t: Word64): void {
  add(h, t, h);
  multiply(h, M, h);
  add(h, ONE, h);
}

/** x ← ((x + 1) M + 1) >> 5, arithmetic. */
function chainStep(x: Word64): void {
  step(x, ONE);
  x.lo = ((x.lo >>> 5) | (x.hi << 27)) >>> 0;
  x.hi = ((x.hi | 0) >> 5) >>> 0;
}

/** The g-value of a layer's hash: a table's entry, or bit 30 after twelve more steps. */
function bitOf(x: Word64, table: Uint8Array | null): number {
  if (table !== null) return table[tableIndex(x, table.length)];
  for (let i = 0; i < 12; i++) chainStep(x);
  return (x.lo >>> 30) & 1;
}

function isSmallPower(size: number): boolean {
  return size <= 2 ** 16 && (size & (size - 1)) === 0;
}

function tableIndex(x: Word64, size: number): number {
  return (size & (size - 1)) === 0 && size <= 2 ** 31 ? x.lo & (size - 1) : remainder(x, size);
}

/**
 * E[g] of marked text if all V tokens were equally likely: ½ + ¼(1 − 1/V) for 2 leaves, ⅞ − 3/(8V) for 3.
 * @throws RangeError for other numbers of leaves
 */
export function expectedMeanGValue(V: number, leaves: number): number {
  if (leaves === 2) return 0.5 + 0.25 * (1 - 1 / V);
  if (leaves === 3) return 7 / 8 - 3 / (8 * V);
  throw new RangeError(`leaves: expected 2 or 3, got ${leaves}`);
}
