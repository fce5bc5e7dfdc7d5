import { plainTextSealBits } from "../primitives/textseal.js";
import { createPlainTorchLists } from "../primitives/torch-lists-plain.js";
import type { Coins } from "../types.js";
import {
  type Columns,
  type Kernel,
  type KeyWords,
  type Seed,
  checkRow,
  decidingPlanes,
} from "./kernel.js";

/** The kernel in plain JavaScript: the readable twin of the WASM one, and the fallback where WASM is missing. */
export function createPlainKernel(): Kernel {
  const x = new Uint32Array(4);
  const block = new Uint32Array(16);
  let row = new Float32Array(0);
  return {
    path: "plain",
    torch: createPlainTorchLists(),
    row(vocabularySize: number): Float32Array {
      checkRow(vocabularySize);
      if (row.length !== vocabularySize) row = new Float32Array(vocabularySize);
      return row;
    },
    hash(key: KeyWords, input: Columns, n: number, out: readonly Uint32Array[]): void {
      for (let i = 0; i < n; i++) {
        setInput(x, input[0][i], input[1][i], input[2][i], input[3][i]);
        chacha8(key, x, block);
        for (let j = 0; j < out.length; j++) out[j][i] = block[j];
      }
    },
    green(key: KeyWords, coins: Coins, gamma256: number, out: Float64Array): void {
      const planes = decidingPlanes(gamma256);
      for (let i = 0; i < coins.n; i++) {
        const token = coins.token[i];
        out[i] = 0;
        for (let p = 0; p < planes; p++) {
          setInput(x, token >>> 9, p, coins.seedLo[i], coins.seedHi[i]);
          chacha8(key, x, block);
          const bit = (block[(token & 511) >>> 5] >>> (token & 31)) & 1;
          const threshold = (gamma256 >>> (7 - p)) & 1;
          if (bit === threshold) continue;
          out[i] = threshold;
          break;
        }
      }
    },
    words(key: KeyWords, coins: Coins, out: Uint32Array): void {
      for (let i = 0; i < coins.n; i++) {
        setInput(x, coins.token[i] >>> 4, 0, coins.seedLo[i], coins.seedHi[i]);
        chacha8(key, x, block);
        out[i] = block[coins.token[i] & 15];
      }
    },
    biasRow(
      key: KeyWords,
      seed: Seed,
      gamma256: number,
      delta: number,
      logits: Float32Array,
    ): void {
      checkRow(logits.length);
      const bias = Math.fround(delta);
      const planes = decidingPlanes(gamma256);
      const bytes = new Uint8Array(512);
      for (let group = 0; group << 9 < logits.length; group++) {
        bytes.fill(0);
        for (let p = 0; p < planes; p++) {
          setInput(x, group, p, seed.lo, seed.hi);
          chacha8(key, x, block);
          for (let i = 0; i < 512; i++) bytes[i] |= ((block[i >>> 5] >>> (i & 31)) & 1) << (7 - p);
        }
        const start = group << 9;
        const end = Math.min(logits.length, start + 512);
        for (let i = start; i < end; i++) if (bytes[i - start] < gamma256) logits[i] += bias;
      }
    },
    textSealBits: plainTextSealBits,
    biasBits(bits: Uint32Array, bias: number, logits: Float32Array): void {
      checkRow(logits.length);
      const delta = Math.fround(bias);
      for (let t = 0; t < logits.length; t++) {
        if ((bits[t >>> 5] >>> (t & 31)) & 1) logits[t] += delta;
      }
    },
    wordRow(key: KeyWords, seed: Seed, out: Uint32Array): void {
      checkRow(out.length);
      for (let start = 0; start < out.length; start += 16) {
        setInput(x, start >>> 4, 0, seed.lo, seed.hi);
        chacha8(key, x, block);
        out.set(block.subarray(0, Math.min(16, out.length - start)), start);
      }
    },
  };
}

function setInput(x: Uint32Array, x0: number, x1: number, x2: number, x3: number): void {
  x[0] = x0;
  x[1] = x1;
  x[2] = x2;
  x[3] = x3;
}

/** The ChaCha block function with 8 rounds and feed-forward (Bernstein 2008). key (8), x (4) → out (16). */
export function chacha8(key: KeyWords, x: Uint32Array, out: Uint32Array): void {
  loadState(key, x, out);
  for (let round = 0; round < 8; round += 2) {
    quarter(out, 0, 4, 8, 12);
    quarter(out, 1, 5, 9, 13);
    quarter(out, 2, 6, 10, 14);
    quarter(out, 3, 7, 11, 15);
    quarter(out, 0, 5, 10, 15);
    quarter(out, 1, 6, 11, 12);
    quarter(out, 2, 7, 8, 13);
    quarter(out, 3, 4, 9, 14);
  }
  out[0] += 0x61707865;
  out[1] += 0x3320646e;
  out[2] += 0x79622d32;
  out[3] += 0x6b206574;
  for (let i = 0; i < 8; i++) out[4 + i] += key[i];
  for (let i = 0; i < 4; i++) out[12 + i] += x[i];
}

function loadState(key: KeyWords, x: Uint32Array, s: Uint32Array): void {
  s[0] = 0x61707865;
  s[1] = 0x3320646e;
  s[2] = 0x79622d32;
  s[3] = 0x6b206574;
  for (let i = 0; i < 8; i++) s[4 + i] = key[i];
  for (let i = 0; i < 4; i++) s[12 + i] = x[i];
}

function quarter(s: Uint32Array, a: number, b: number, c: number, d: number): void {
  s[a] += s[b];
  s[d] = rotl(s[d] ^ s[a], 16);
  s[c] += s[d];
  s[b] = rotl(s[b] ^ s[c], 12);
  s[a] += s[b];
  s[d] = rotl(s[d] ^ s[a], 8);
  s[c] += s[d];
  s[b] = rotl(s[b] ^ s[c], 7);
}

function rotl(x: number, n: number): number {
  return (x << n) | (x >>> (32 - n));
}
