import { MAX_VOCABULARY } from "../profile.js";
import { toSigned } from "../primitives/int64.js";
import { TEXTSEAL_STEP, type TextSealList } from "../primitives/textseal.js";
import { type TorchExports, createWasmTorchLists } from "../primitives/torch-lists-wasm.js";
import type { Coins } from "../types.js";
import {
  type Columns,
  type Kernel,
  type KeyWords,
  type Seed,
  checkRow,
  decidingPlanes,
} from "./kernel.js";
import { WASM_BASE64 } from "./wasm-bytes.js";

const TEXTSEAL_SIGNED_STEP = toSigned(TEXTSEAL_STEP);

/** Memory map of assembly/kernel.ts, in bytes. */
const AREA = [0x1_0000, 0x2_0000, 0x3_0000, 0x4_0000] as const; // four columns of BATCH words
const ROW = 0x10_0000;
const BITS = 0x140_0000;

/** Items per call into the batch areas. */
const BATCH = 16_384;

interface Exports extends TorchExports {
  readonly memory: WebAssembly.Memory;
  hash(n: number, area: number): void;
  green(
    n: number,
    lo: number,
    hi: number,
    token: number,
    planes: number,
    top: number,
    out: number,
    list: number,
  ): void;
  words(n: number, lo: number, hi: number, token: number, out: number): void;
  biasRow(
    lo: number,
    hi: number,
    planes: number,
    top: number,
    delta: number,
    row: number,
    V: number,
  ): void;
  textSealBits(start: bigint, step: bigint, top: number, V: number): number;
  biasBits(bits: number, delta: number, row: number, V: number): void;
  wordRow(lo: number, hi: number, V: number, out: number): void;
}

/** The kernel in SIMD WebAssembly: four ChaCha8 blocks at a time. Throws where WebAssembly SIMD is missing. */
export function createWasmKernel(): Kernel {
  const wasm = instantiate();
  const { buffer } = wasm.memory;
  const keyWords = new Uint32Array(buffer, 0, 8);
  const areas = AREA.map((start) => new Uint32Array(buffer, start, BATCH));
  const flags = new Uint8Array(buffer, AREA[3], BATCH);
  const floatRow = new Float32Array(buffer, ROW, MAX_VOCABULARY);
  const bitsRow = new Uint32Array(buffer, BITS, MAX_VOCABULARY / 32);
  const wordsRow = new Uint32Array(buffer, ROW, MAX_VOCABULARY);

  /** Copies items start … end−1 of a column into its area. */
  function load(column: number, items: Uint32Array, start: number, end: number): void {
    areas[column].set(items.length === end - start ? items : items.subarray(start, end));
  }

  function loadCoins(coins: Coins, start: number, end: number): void {
    load(0, coins.seedLo, start, end);
    load(1, coins.seedHi, start, end);
    load(2, coins.token, start, end);
  }

  /** Lets `use` change a row in the kernel's memory: the row itself, or a copy that is brought back. */
  function inMemory(logits: Float32Array, use: (address: number) => void): void {
    checkRow(logits.length);
    if (logits.buffer === buffer) return use(logits.byteOffset);
    floatRow.set(logits);
    use(ROW);
    logits.set(floatRow.subarray(0, logits.length));
  }

  function biasBits(bits: Uint32Array, bias: number, logits: Float32Array): void {
    bitsRow.set(bits);
    inMemory(logits, (row) => wasm.biasBits(BITS, bias, row, logits.length));
  }

  return {
    path: "wasm",
    torch: createWasmTorchLists(wasm, { buffer, areas, batch: BATCH, biasBits }),
    row(vocabularySize: number): Float32Array {
      checkRow(vocabularySize);
      return floatRow.subarray(0, vocabularySize);
    },
    hash(key: KeyWords, input: Columns, n: number, out: readonly Uint32Array[]): void {
      keyWords.set(key);
      for (let start = 0; start < n; start += BATCH) {
        const end = Math.min(n, start + BATCH);
        for (let j = 0; j < 4; j++) load(j, input[j], start, end);
        wasm.hash(end - start, AREA[0]);
        for (let j = 0; j < out.length; j++) out[j].set(areas[j].subarray(0, end - start), start);
      }
    },
    green(key: KeyWords, coins: Coins, gamma256: number, out: Float64Array): void {
      keyWords.set(key);
      const planes = decidingPlanes(gamma256);
      for (let start = 0; start < coins.n; start += BATCH) {
        const end = Math.min(coins.n, start + BATCH);
        loadCoins(coins, start, end);
        wasm.green(
          end - start,
          AREA[0],
          AREA[1],
          AREA[2],
          planes,
          gamma256 >> (8 - planes),
          AREA[3],
          AREA[3] + BATCH,
        );
        for (let i = start; i < end; i++) out[i] = flags[i - start];
      }
    },
    words(key: KeyWords, coins: Coins, out: Uint32Array): void {
      keyWords.set(key);
      for (let start = 0; start < coins.n; start += BATCH) {
        const end = Math.min(coins.n, start + BATCH);
        loadCoins(coins, start, end);
        wasm.words(end - start, AREA[0], AREA[1], AREA[2], AREA[3]);
        out.set(areas[3].subarray(0, end - start), start);
      }
    },
    biasRow(
      key: KeyWords,
      seed: Seed,
      gamma256: number,
      delta: number,
      logits: Float32Array,
    ): void {
      keyWords.set(key);
      const planes = decidingPlanes(gamma256);
      inMemory(logits, (row) => {
        wasm.biasRow(seed.lo, seed.hi, planes, gamma256 >> (8 - planes), delta, row, logits.length);
      });
    },
    textSealBits({ start, top }: TextSealList, V: number): Uint32Array {
      checkRow(V);
      wasm.textSealBits(toSigned(start), TEXTSEAL_SIGNED_STEP, top, V);
      return bitsRow.subarray(0, (V + 31) >>> 5);
    },
    biasBits,
    wordRow(key: KeyWords, seed: Seed, out: Uint32Array): void {
      checkRow(out.length);
      keyWords.set(key);
      wasm.wordRow(seed.lo, seed.hi, out.length, ROW);
      out.set(wordsRow.subarray(0, out.length));
    },
  };
}

function instantiate(): Exports {
  const bytes = Uint8Array.from(atob(WASM_BASE64), (c) => c.charCodeAt(0));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  return instance.exports as unknown as Exports;
}
