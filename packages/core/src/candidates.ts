/** Where an embedder that goes through candidates by falling score stops. */
export type TailRule =
  | { readonly kind: "candidates"; readonly n: number }
  | { readonly kind: "greens"; readonly n: number }
  /** Candidates whose logit is more than `below` under the best are not tried; float32. */
  | { readonly kind: "score"; readonly below: number };

/** Above it a whole sort is quicker than inserting one by one. */
const FEW = 512;

/** Indices of the candidates to try: by falling logit, the earlier of equals first, if the tail rule looks at order. */
export function candidatesOf(logits: Float32Array, tail: TailRule | undefined): Uint32Array {
  if (tail === undefined) return everyIndex(logits);
  if (tail.kind === "greens") return largestFirst(logits, logits.length);
  if (tail.kind === "candidates") return largestFirst(logits, tail.n);
  let top = -Infinity;
  for (let i = 0; i < logits.length; i++) if (logits[i] > top) top = logits[i];
  const near = everyIndex(logits).filter(
    (i) => top === -Infinity || Math.fround(top - logits[i]) <= tail.below,
  );
  return byScore(near, logits);
}

/** Indices of the n largest logits, or of all if there are fewer: by falling logit, the earlier of equals first. */
export function largestFirst(logits: Float32Array, n: number): Uint32Array {
  const size = Math.min(n, logits.length);
  if (size > FEW) return byScore(everyIndex(logits), logits).subarray(0, size);
  const [best, index] = [new Float32Array(size), new Uint32Array(size)];
  const insert = (logit: number, i: number, end: number): void => {
    let at = end;
    for (; at > 0 && best[at - 1] < logit; at--) {
      best[at] = best[at - 1];
      index[at] = index[at - 1];
    }
    best[at] = logit;
    index[at] = i;
  };
  for (let i = 0; i < size; i++) insert(logits[i], i, i);
  for (let i = size; i < logits.length; i++) {
    if (logits[i] > best[size - 1]) insert(logits[i], i, size - 1);
  }
  return index;
}

function everyIndex({ length }: Float32Array): Uint32Array {
  const indices = new Uint32Array(length);
  for (let i = 0; i < length; i++) indices[i] = i;
  return indices;
}

function byScore(indices: Uint32Array, logits: Float32Array): Uint32Array {
  return indices.sort((a, b) => logits[b] - logits[a] || a - b);
}
