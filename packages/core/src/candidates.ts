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
  return emptied(heaped(near, logits), logits);
}

/** Indices of the n largest logits, or of all if there are fewer: by falling logit, the earlier of equals first. */
export function largestFirst(logits: Float32Array, n: number): Uint32Array {
  const heap = heaped(everyIndex(logits, n), logits);
  let i = nextAbove(logits, heap.length, logits[heap[0]]);
  while (i < logits.length) {
    heap[0] = i;
    sink({ heap, size: heap.length }, 0, logits);
    i = nextAbove(logits, i + 1, logits[heap[0]]);
  }
  return emptied(heap, logits);
}

/** The first index from `from` on whose logit is above `least`, or how many logits there are. */
function nextAbove(logits: Float32Array, from: number, least: number): number {
  let i = from;
  // Four a turn: this is where the time of a whole row goes.
  for (const end = logits.length - 3; i < end; i += 4) {
    if (logits[i] > least || logits[i + 1] > least) break;
    if (logits[i + 2] > least || logits[i + 3] > least) break;
  }
  while (i < logits.length && !(logits[i] > least)) i++;
  return i;
}

/** Makes a heap of indices: its first is the one to go. */
function heaped(heap: Uint32Array, logits: Float32Array): Uint32Array {
  for (let at = heap.length >> 1; at-- > 0;) sink({ heap, size: heap.length }, at, logits);
  return heap;
}

/** Sorts a heap in place: what goes first comes last. */
function emptied(heap: Uint32Array, logits: Float32Array): Uint32Array {
  for (let size = heap.length - 1; size > 0; size--) {
    const index = heap[0];
    heap[0] = heap[size];
    heap[size] = index;
    sink({ heap, size }, 0, logits);
  }
  return heap;
}

/** Restores the heap in the first `size` places from place `at` on: the smallest logit goes first, the later of equals. */
function sink(
  { heap, size }: { readonly heap: Uint32Array; readonly size: number },
  at: number,
  logits: Float32Array,
): void {
  const index = heap[at];
  for (let child = 2 * at + 1; child < size; child = 2 * at + 1) {
    const right = child + 1;
    if (right < size && goesBefore(heap[right], heap[child], logits)) child = right;
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
