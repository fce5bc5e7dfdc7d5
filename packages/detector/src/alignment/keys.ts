import { Mt19937, TorchGenerator } from "@verdigris/core/primitives";
import type { ExpKey, ItsKey } from "./marks.js";

/** Size of a key. */
export interface KeySize {
  /** Rows. */
  readonly n: number;
  readonly V: number;
}

/** jthickstun/watermark's library: ξ from torch.rand. */
export function torchExpKey(seed: bigint, { n, V }: KeySize): ExpKey {
  const generator = new TorchGenerator(seed);
  return { kind: "exp", V, xi: Float32Array.from({ length: n * V }, () => generator.f32()) };
}

/** jthickstun/watermark's library: a permutation, then a uniform per row, from one generator. `pi`: rank → token. */
export function torchItsKey(
  seed: bigint,
  { n, V }: KeySize,
): ItsKey & { readonly pi: Uint32Array } {
  const generator = new TorchGenerator(seed);
  const pi = generator.permutation(V);
  const rank = new Uint32Array(V);
  pi.forEach((id, at) => (rank[id] = at));
  const xi = Float64Array.from({ length: n }, () => generator.f32());
  return { kind: "its", V, pi, rank, xi, scale: V };
}

/** The demo's generator and MarkLLM's EXPEdit: words / 2^32, kept as float32. */
export function mersenneExpKey(seed: bigint, { n, V }: KeySize): ExpKey {
  const engine = new Mt19937(Number(BigInt.asUintN(32, seed)));
  return {
    kind: "exp",
    V,
    xi: Float32Array.from({ length: n * V }, () => engine.u32() * 2 ** -32),
  };
}

/** The demo's permutation: from the end, j = word mod i. */
export function mersennePermutation(engine: Mt19937, n: number): Uint32Array {
  const out = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = engine.u32() % i;
    const kept = out[i];
    out[i] = out[j];
    out[j] = kept;
  }
  return out;
}
