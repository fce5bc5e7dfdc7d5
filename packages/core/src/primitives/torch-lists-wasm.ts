import type { Coins } from "../types.js";
import type { ListSize, TorchLists } from "./torch-lists.js";

/** What assembly/torch-lists.ts exports. */
export interface TorchExports {
  torchTrack(n: number, seeds: number, tokens: number, V: number, steps: number, out: number): void;
  torchShuffle(seed: number, V: number, k: number): void;
  torchBits(seed: number, V: number, k: number): number;
  torchItems(): number;
}

/** Memory the lists share with the other kernels. */
export interface SharedMemory {
  readonly buffer: ArrayBuffer;
  /** Three columns of `batch` words. */
  readonly areas: readonly Uint32Array[];
  readonly batch: number;
  /** Adds a bias to the logits whose bit is 1. */
  readonly biasBits: (bits: Uint32Array, bias: number, logits: Float32Array) => void;
}

/** Items a shuffle in the kernel's memory holds; tables of the moduli go up to it, itself excluded. */
const MAX_ITEMS = (1 << 20) - 1;

/** A whole list costs as much as following this many tokens one by one. */
const WORTH_A_LIST = 3;

/** Bytes of lists kept, as bits. */
const KEPT_BYTES = 1 << 24;

/** The lists in SIMD WebAssembly: four seeds side by side, or a whole list where many coins share its seed. */
export function createWasmTorchLists(wasm: TorchExports, memory: SharedMemory): TorchLists {
  return new WasmTorchLists(wasm, memory);
}

class WasmTorchLists implements TorchLists {
  readonly path = "wasm";
  readonly #wasm: TorchExports;
  readonly #memory: SharedMemory;
  #lists = new KeptLists({ V: 0, k: 0 });
  #kept = { seed: -1, table: new Uint32Array(0) };

  constructor(wasm: TorchExports, memory: SharedMemory) {
    this.#wasm = wasm;
    this.#memory = memory;
  }

  contains(
    { seedLo, token, n }: Pick<Coins, "seedLo" | "token" | "n">,
    size: ListSize,
    out: Float64Array,
  ): void {
    const lists = this.#keptOf(size);
    const alone: number[] = [];
    for (const group of groupsBySeed(seedLo, n)) {
      const seed = seedLo[group[0]];
      const worth = group.length >= WORTH_A_LIST;
      const list = lists.get(seed) ?? (worth ? this.#build(seed, size) : undefined);
      if (list === undefined) for (const i of group) alone.push(i);
      else for (const i of group) out[i] = (list[token[i] >>> 5] >>> (token[i] & 31)) & 1;
    }
    this.#track({ seedLo, token, items: alone }, size.V, size.k, (i, place) => {
      out[i] = place === 0xffff_ffff ? 0 : 1;
    });
  }

  positions(
    { seedLo, token, n }: Pick<Coins, "seedLo" | "token" | "n">,
    V: number,
    out: Uint32Array,
  ): void {
    const items = Array.from({ length: n }, (_, i) => i);
    this.#track({ seedLo, token, items }, V, V - 1, (i, place) => {
      out[i] = place === 0xffff_ffff ? V - 1 : place;
    });
  }

  permutation(seed: number, n: number): Uint32Array {
    if (this.#kept.seed !== seed || this.#kept.table.length !== n) {
      const table = new Uint32Array(n);
      this.head(seed, { V: n, k: n }, table);
      this.#kept = { seed, table };
    }
    return this.#kept.table;
  }

  head(seed: number, { V, k }: ListSize, out: Uint32Array): void {
    if (V > MAX_ITEMS) throw new RangeError(`V is at most ${MAX_ITEMS}, not ${V}`);
    this.#wasm.torchShuffle(seed, V, k);
    out.set(new Uint32Array(this.#memory.buffer, this.#wasm.torchItems(), k));
  }

  addBias(
    seed: number,
    size: ListSize,
    { bias, logits }: { readonly bias: number; readonly logits: Float32Array },
  ): void {
    this.#memory.biasBits(this.#keptOf(size).get(seed) ?? this.#build(seed, size), bias, logits);
  }

  #keptOf(size: ListSize): KeptLists {
    if (!this.#lists.areOf(size)) this.#lists = new KeptLists(size);
    return this.#lists;
  }

  /** Builds the list as bits, and keeps it. */
  #build(seed: number, { V, k }: ListSize): Uint32Array {
    const at = this.#wasm.torchBits(seed, V, k);
    const bits = new Uint32Array(this.#memory.buffer, at, (V + 31) >>> 5).slice();
    this.#lists.set(seed, bits);
    return bits;
  }

  /** Follows the items' tokens through `steps` swaps, a batch at a time, and tells where each landed. */
  #track(
    { seedLo, token, items }: Pick<Coins, "seedLo" | "token"> & { items: readonly number[] },
    V: number,
    steps: number,
    landed: (item: number, place: number) => void,
  ): void {
    const { areas, batch } = this.#memory;
    const [seeds, tokens, places] = areas;
    for (let start = 0; start < items.length; start += batch) {
      const n = Math.min(batch, items.length - start);
      for (let i = 0; i < n; i++) {
        seeds[i] = seedLo[items[start + i]];
        tokens[i] = token[items[start + i]];
      }
      this.#wasm.torchTrack(n, seeds.byteOffset, tokens.byteOffset, V, steps, places.byteOffset);
      for (let i = 0; i < n; i++) landed(items[start + i], places[i]);
    }
  }
}

/** Lists as bits, newest last, up to KEPT_BYTES. */
class KeptLists {
  readonly #size: ListSize;
  readonly #lists = new Map<number, Uint32Array>();

  constructor(size: ListSize) {
    this.#size = size;
  }

  areOf({ V, k }: ListSize): boolean {
    return this.#size.V === V && this.#size.k === k;
  }

  get(seed: number): Uint32Array | undefined {
    return this.#lists.get(seed);
  }

  set(seed: number, bits: Uint32Array): void {
    if ((this.#lists.size + 1) * bits.byteLength > KEPT_BYTES) {
      const [oldest] = this.#lists.keys();
      this.#lists.delete(oldest);
    }
    this.#lists.set(seed, bits);
  }
}

/** Indices 0 … n−1 by seed. */
function groupsBySeed(seeds: Uint32Array, n: number): Iterable<readonly number[]> {
  const groups = new Map<number, number[]>();
  for (let i = 0; i < n; i++) {
    const group = groups.get(seeds[i]);
    if (group === undefined) groups.set(seeds[i], [i]);
    else group.push(i);
  }
  return groups.values();
}
