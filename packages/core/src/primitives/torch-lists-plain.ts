import type { Coins } from "../types.js";
import { Mt19937 } from "./mt19937.js";
import type { ListSize, TorchLists } from "./torch-lists.js";

/** The lists in plain JavaScript. */
export function createPlainTorchLists(): TorchLists {
  return new PlainTorchLists();
}

class PlainTorchLists implements TorchLists {
  readonly path = "plain";
  readonly #engine = new Mt19937(0);
  #items = new Uint32Array(0);
  #kept = { seed: -1, table: new Uint32Array(0) };

  contains(
    { seedLo, token, n }: Pick<Coins, "seedLo" | "token" | "n">,
    { V, k }: ListSize,
    out: Float64Array,
  ): void {
    for (let i = 0; i < n; i++) {
      this.#engine.reseed(seedLo[i]);
      out[i] = this.#track(token[i], V, k) < 0 ? 0 : 1;
    }
  }

  positions(
    { seedLo, token, n }: Pick<Coins, "seedLo" | "token" | "n">,
    V: number,
    out: Uint32Array,
  ): void {
    for (let i = 0; i < n; i++) {
      this.#engine.reseed(seedLo[i]);
      const at = this.#track(token[i], V, V - 1);
      out[i] = at < 0 ? V - 1 : at;
    }
  }

  permutation(seed: number, n: number): Uint32Array {
    if (this.#kept.seed !== seed || this.#kept.table.length !== n) {
      this.#kept = { seed, table: this.#shuffle(seed, n, n).slice() };
    }
    return this.#kept.table;
  }

  head(seed: number, { V, k }: ListSize, out: Uint32Array): void {
    out.set(this.#shuffle(seed, V, k).subarray(0, k));
  }

  addBias(
    seed: number,
    { V, k }: ListSize,
    { bias, logits }: { readonly bias: number; readonly logits: Float32Array },
  ): void {
    const list = this.#shuffle(seed, V, k);
    for (let i = 0; i < k; i++) logits[list[i]] += bias;
  }

  /**
   * Follows one token through the first `steps` swaps: its index in the permutation if it lands there, else −1.
   * Step i of torch's shuffle swaps places i and i + u32 mod (V − i), and never touches places below i again.
   */
  #track(token: number, V: number, steps: number): number {
    let place = token;
    for (let i = 0; i < steps; i++) {
      const other = i + (this.#engine.u32() % (V - i));
      if (other === place) return i;
      if (i === place) place = other;
    }
    return place < steps ? place : -1;
  }

  /** Items 0 … k−1 of the permutation, in the scratch buffer. */
  #shuffle(seed: number, V: number, k: number): Uint32Array {
    this.#engine.reseed(seed);
    if (this.#items.length !== V) this.#items = new Uint32Array(V);
    const items = this.#items;
    for (let i = 0; i < V; i++) items[i] = i;
    for (let i = 0; i < Math.min(k, V - 1); i++) {
      const other = i + (this.#engine.u32() % (V - i));
      const item = items[i];
      items[i] = items[other];
      items[other] = item;
    }
    return items;
  }
}
