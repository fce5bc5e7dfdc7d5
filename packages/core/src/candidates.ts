/** Where an embedder that goes through candidates by falling score stops. */
export type TailRule =
  | { readonly kind: "candidates"; readonly n: number }
  | { readonly kind: "greens"; readonly n: number }
  /** Candidates whose logit is more than `below` under the best are not tried; float32. */
  | { readonly kind: "score"; readonly below: number };

/** Indices of the candidates to try: by falling logit, the earlier of equals first, if the tail rule looks at order. */
export function candidatesOf(logits: Float32Array, tail: TailRule | undefined): Uint32Array {
  const all = Uint32Array.from(logits, (_, i) => i);
  if (tail === undefined) return all;
  all.sort((a, b) => logits[b] - logits[a] || a - b);
  if (tail.kind === "candidates") return all.subarray(0, tail.n);
  if (tail.kind === "greens") return all;
  const top = logits[all[0]];
  const end = all.findIndex((i) => Math.fround(top - logits[i]) > tail.below);
  return end < 0 ? all : all.subarray(0, end);
}
