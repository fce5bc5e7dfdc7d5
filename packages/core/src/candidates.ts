/** Where an embedder that goes through candidates by falling score stops. */
export type TailRule =
  | { readonly kind: "candidates"; readonly n: number }
  | { readonly kind: "greens"; readonly n: number }
  /** Candidates whose logit is more than `below` under the best are not tried; float32. */
  | { readonly kind: "score"; readonly below: number };

/** Indices of the candidates to try: by falling logit, the earlier of equals first, if the tail rule looks at order. */
export function candidatesOf(logits: Float32Array, tail: TailRule | undefined): Uint32Array {
  if (tail === undefined) return atLeast(logits, -Infinity);
  const byScore = (a: number, b: number): number => logits[b] - logits[a] || a - b;
  if (tail.kind === "greens") return atLeast(logits, -Infinity).sort(byScore);
  if (tail.kind === "candidates") {
    const floor = nthLargest(logits, tail.n);
    return atLeast(logits, floor).sort(byScore).subarray(0, tail.n);
  }
  let top = -Infinity;
  for (let i = 0; i < logits.length; i++) if (logits[i] > top) top = logits[i];
  return atLeast(logits, top, tail.below).sort(byScore);
}

/** Indices whose logit is not more than `below` under `floor`, in order; float32. */
function atLeast(logits: Float32Array, floor: number, below = 0): Uint32Array {
  const out = new Uint32Array(logits.length);
  let found = 0;
  for (let i = 0; i < logits.length; i++) {
    if (floor === -Infinity || Math.fround(floor - logits[i]) <= below) out[found++] = i;
  }
  return out.subarray(0, found);
}

/** The n-th largest logit, or −∞ if there are fewer; a sorted list of the best so far. */
function nthLargest(logits: Float32Array, n: number): number {
  if (n > logits.length) return -Infinity;
  const best = new Float32Array(n).fill(-Infinity); // falling
  for (let i = 0; i < logits.length; i++) {
    if (logits[i] <= best[n - 1]) continue;
    let at = n - 1;
    for (; at > 0 && best[at - 1] < logits[i]; at--) best[at] = best[at - 1];
    best[at] = logits[i];
  }
  return best[n - 1];
}
