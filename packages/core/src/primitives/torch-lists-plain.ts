import { Mt19937 } from "./mt19937.js";
import type { TorchLists } from "./torch-lists.js";

/** The lists in plain JavaScript: the readable twin of the WASM one, and the fallback where WASM is missing. */
export function createPlainTorchLists(): TorchLists {
  const engine = new Mt19937(0);
  let items = new Uint32Array(0);
  const kept = { seed: -1, table: new Uint32Array(0) };

  /**
   * Follows one token through the first `steps` swaps: its index in the permutation if it lands there, else −1.
   * Step i of torch's shuffle swaps places i and i + u32 mod (V − i), and never touches places below i again.
   */
  function track(token: number, V: number, steps: number): number {
    let place = token;
    for (let i = 0; i < steps; i++) {
      const other = i + (engine.u32() % (V - i));
      if (other === place) return i;
      if (i === place) place = other;
    }
    return place < steps ? place : -1;
  }

  /** Items 0 … k−1 of the permutation, in the scratch buffer. */
  function shuffle(seed: number, V: number, k: number): Uint32Array {
    engine.reseed(seed);
    if (items.length !== V) items = new Uint32Array(V);
    for (let i = 0; i < V; i++) items[i] = i;
    for (let i = 0; i < Math.min(k, V - 1); i++) {
      const other = i + (engine.u32() % (V - i));
      const item = items[i];
      items[i] = items[other];
      items[other] = item;
    }
    return items;
  }

  return {
    path: "plain",
    contains({ seedLo, token, n }, { V, k }, out): void {
      for (let i = 0; i < n; i++) {
        engine.reseed(seedLo[i]);
        out[i] = track(token[i], V, k) < 0 ? 0 : 1;
      }
    },
    positions({ seedLo, token, n }, V, out): void {
      for (let i = 0; i < n; i++) {
        engine.reseed(seedLo[i]);
        const at = track(token[i], V, V - 1);
        out[i] = at < 0 ? V - 1 : at;
      }
    },
    permutation(seed, n): Uint32Array {
      if (kept.seed !== seed || kept.table.length !== n) {
        kept.table = shuffle(seed, n, n).slice();
        kept.seed = seed;
      }
      return kept.table;
    },
    head(seed, { V, k }, out): void {
      out.set(shuffle(seed, V, k).subarray(0, k));
    },
    addBias(seed, { V, k }, { bias, logits }): void {
      const list = shuffle(seed, V, k);
      for (let i = 0; i < k; i++) logits[list[i]] += bias;
    },
  };
}
