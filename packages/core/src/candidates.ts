/** Where an embedder that goes through candidates by falling score stops. */
export type TailRule =
  | { readonly kind: "candidates"; readonly n: number }
  | { readonly kind: "greens"; readonly n: number }
  /** Candidates whose logit is more than `below` under the best are not tried; float32. */
  | { readonly kind: "score"; readonly below: number };

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
  const heap = everyIndex(logits, n); // its first is the one to go
  for (let at = heap.length >> 1; at-- > 0;) sink(heap, at, logits);
  let least = logits[heap[0]];
  for (let i = heap.length; i < logits.length; i++) {
    if (!(logits[i] > least)) continue;
    heap[0] = i;
    sink(heap, 0, logits);
    least = logits[heap[0]];
  }
  return byScore(heap, logits);
}

/** Restores a heap from place `at` on: before any other goes the smallest logit, the later of equals. */
function sink(heap: Uint32Array, at: number, logits: Float32Array): void {
  const index = heap[at];
  for (let child = 2 * at + 1; child < heap.length; child = 2 * at + 1) {
    const right = child + 1;
    if (right < heap.length && goesBefore(heap[right], heap[child], logits)) child = right;
    if (!goesBefore(heap[child], index, logits)) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = index;
}

function goesBefore(a: number, b: number, logits: Float32Array): boolean {
  return logits[a] < logits[b] || (logits[a] === logits[b] && a > b);
}

/** 0 … n − 1, or to the last. */
function everyIndex({ length }: Float32Array, n = length): Uint32Array {
  const indices = new Uint32Array(Math.min(n, length));
  for (let i = 0; i < indices.length; i++) indices[i] = i;
  return indices;
}

function byScore(indices: Uint32Array, logits: Float32Array): Uint32Array {
  return indices.sort((a, b) => logits[b] - logits[a] || a - b);
}
