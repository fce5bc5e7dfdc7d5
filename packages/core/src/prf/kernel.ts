import { MAX_VOCABULARY } from "../profile.js";
import type { TextSealList } from "../primitives/textseal.js";
import type { TorchLists } from "../primitives/torch-lists.js";
import type { Coins } from "../types.js";

/**
 * The pseudo-random function under our own schemes, as batch operations. One contract, two
 * implementations: `wasm.ts` (SIMD) and `plain.ts`, bit-identical (packages/core/test/kernel.test.ts).
 *
 * Contract `chacha8-v1`. The block function is ChaCha with 8 rounds (Bernstein 2008) on the state
 *
 *     "expand 32-byte k" | key (8 words) | x0 x1 x2 x3        all words 32 bit, little-endian
 *
 * with feed-forward. Everything is a word or a bit of such a block:
 *
 * - hash(x):           words 0–3 of block(contextKey, x)
 * - value byte of (seed, token), bit plane p: bit (token mod 512) of block(rowKey, [token div 512, p,
 *   seedLo, seedHi]), word (token mod 512) div 32, bit token mod 32. Plane 0 is the most significant bit.
 *   Green iff the byte is < gamma256. Only the planes that decide are computed.
 * - word of (seed, token): word (token mod 16) of block(rowKey, [token div 16, 0, seedLo, seedHi])
 */
export interface Kernel {
  /** Which implementation runs. */
  readonly path: "wasm" | "plain";
  /** Green lists of the marks that run on torch's generator. */
  readonly torch: TorchLists;
  /**
   * A row of logits in the kernel's own memory: reweighting it in place needs no copy. (V)
   * @throws RangeError above MAX_VOCABULARY
   */
  row(vocabularySize: number): Float32Array;
  /** out[j][i] = word j of hash(x0[i], x1[i], x2[i], x3[i]) for i < n; `out` may be the input, or its first columns. */
  hash(key: KeyWords, input: Columns, n: number, out: readonly Uint32Array[]): void;
  /** out[i] = 1 if token i is green under seed i, else 0. */
  green(key: KeyWords, coins: Coins, gamma256: number, out: Float64Array): void;
  /** out[i] = the 32-bit word of (seed i, token i). */
  words(key: KeyWords, coins: Coins, out: Uint32Array): void;
  /** Adds `delta` to every green logit of a whole row. (V) */
  biasRow(key: KeyWords, seed: Seed, gamma256: number, delta: number, logits: Float32Array): void;
  /** TextSeal's list as bits, good until the kernel is used again; bits past V are of no meaning. */
  textSealBits(list: TextSealList, V: number): Uint32Array;
  /** Adds `bias` (float32) to the logits whose bit is 1: token t in bit t mod 32 of word t div 32. (V) */
  biasBits(bits: Uint32Array, bias: number, logits: Float32Array): void;
  /** The words of tokens 0 … V−1 under one seed. (V) */
  wordRow(key: KeyWords, seed: Seed, out: Uint32Array): void;
}

/** A 256-bit key as eight little-endian words. */
export type KeyWords = Uint32Array; // (8)

/** Inputs x0 … x3 of consecutive blocks, structure of arrays. (4) × (n) */
export type Columns = readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array];

/** An effective seed, 64 bit. */
export interface Seed {
  readonly lo: number;
  readonly hi: number;
}

/** @throws RangeError unless a row of `vocabularySize` fits a kernel's memory */
export function checkRow(vocabularySize: number): void {
  if (
    !(Number.isInteger(vocabularySize) && vocabularySize >= 1 && vocabularySize <= MAX_VOCABULARY)
  ) {
    throw new RangeError(`row: expected 1 … ${MAX_VOCABULARY} logits, got ${vocabularySize}`);
  }
}

/**
 * Bit planes that decide `byte < gamma256`: all from the lowest set bit of gamma256 up.
 * @throws RangeError unless gamma256 is 1 … 255
 */
export function decidingPlanes(gamma256: number): number {
  if (!(Number.isInteger(gamma256) && gamma256 >= 1 && gamma256 <= 255)) {
    throw new RangeError(`gamma256: expected a whole number from 1 to 255, got ${gamma256}`);
  }
  let planes = 8;
  for (let g = gamma256; (g & 1) === 0; g >>= 1) planes--;
  return planes;
}
