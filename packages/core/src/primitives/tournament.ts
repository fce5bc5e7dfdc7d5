/** Probabilities below it are taken for 0: their logarithms are of no use, and subnormals are slow. */
const NOTHING = 1e-30;

/**
 * SynthID's tournament on a row of logits, in place, float64 inside (Dathathri et al. 2024): p = softmax; per layer
 * G = Σ g p, and p grows by 1 + g − G with two leaves, by (1 − (1−G)^N)/G or (1−G)^(N−1) with N; then ln p.
 *
 * @param words g-values of each candidate, layer l in bit l (K)
 * @param none what ln 0 becomes
 */
export function tournament(
  logits: Float32Array,
  words: Uint32Array,
  {
    depth,
    leaves,
    none,
  }: { readonly depth: number; readonly leaves: number; readonly none: number },
): void {
  const { p, live } = softmax(logits);
  for (let layer = 0; layer < depth; layer++) {
    let mass = 0;
    for (let j = 0; j < live.length; j++) if (((words[live[j]] >>> layer) & 1) === 1) mass += p[j];
    const [won, lost] = factors(Math.min(1, mass), leaves);
    for (let j = 0; j < live.length; j++)
      p[j] *= ((words[live[j]] >>> layer) & 1) === 1 ? won : lost;
  }
  logits.fill(none);
  for (let j = 0; j < live.length; j++) if (p[j] >= NOTHING) logits[live[j]] = Math.log(p[j]);
}

/** What a layer multiplies the probability of tokens with g = 1 and g = 0 by. */
function factors(mass: number, leaves: number): readonly [number, number] {
  if (leaves === 2) return [2 - mass, 1 - mass];
  if (mass === 0) return [1, 1];
  return [(1 - (1 - mass) ** leaves) / mass, (1 - mass) ** (leaves - 1)];
}

/** Probabilities that matter, and whose they are. */
function softmax(logits: Float32Array): { readonly p: Float64Array; readonly live: Uint32Array } {
  let top = -Infinity;
  for (let i = 0; i < logits.length; i++) if (logits[i] > top) top = logits[i];
  const p = new Float64Array(logits.length);
  const live = new Uint32Array(logits.length);
  let n = 0;
  let total = 0;
  for (let i = 0; i < logits.length; i++) {
    const weight = Math.exp(logits[i] - top);
    total += weight;
    if (weight < NOTHING) continue;
    p[n] = weight;
    live[n++] = i;
  }
  for (let j = 0; j < n; j++) p[j] /= total;
  return { p: p.subarray(0, n), live: live.subarray(0, n) };
}
