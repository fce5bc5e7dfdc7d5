import type { Coins } from "../types.js";

/** A list of a torch permutation: the first `k` entries of `randperm(V)`. */
export interface ListSize {
  readonly V: number;
  readonly k: number;
}

/**
 * Green lists that are the head of `torch.randperm(V)` under a seed, as batch operations. Seeds are torch's effective
 * 32 bits. One contract, two implementations: `torch-lists-plain.ts` and `torch-lists-wasm.ts`, bit-identical.
 */
export interface TorchLists {
  readonly path: "wasm" | "plain";
  /** out[i] = 1 if token i is in the list of seed i (`coins.seedLo`), else 0. Builds no permutation. */
  contains(coins: Pick<Coins, "seedLo" | "token" | "n">, size: ListSize, out: Float64Array): void;
  /** out[i] = index of token i in `randperm(V)` under seed i. */
  positions(coins: Pick<Coins, "seedLo" | "token" | "n">, V: number, out: Uint32Array): void;
  /** `randperm(n)` under a seed, kept until another is asked for: hash tables that every coin looks into. (n) */
  permutation(seed: number, n: number): Uint32Array;
  /** The list itself, in the permutation's order. (k) */
  head(seed: number, size: ListSize, out: Uint32Array): void;
  /** Adds `bias` (float32) to the logits of the list's tokens. (V) */
  addBias(
    seed: number,
    size: ListSize,
    row: { readonly bias: number; readonly logits: Float32Array },
  ): void;
}
