/** Probabilities below it are taken for 0: their logarithms are of no use, and subnormals are slow. */
const NOTHING = 1e-30;

/** Layers and candidates of a match. */
export interface Rounds {
  readonly depth: number;
  readonly leaves: number;
}

/**
 * Plays all layers on probabilities p, in place, float64: per layer G = Σ g p, and p grows by 1 + g − G with two
 * leaves, by (1 − (1−G)^N)/G or (1−G)^(N−1) with N (Dathathri et al. 2024). G sums even and odd places apart.
 *
 * @param p probabilities (K)
 * @param words g-values of each candidate, layer l in bit l (K)
 */
export type PlayTournament = (p: Float64Array, words: Uint32Array, rounds: Rounds) => void;

/** The tournament in plain JavaScript. */
export const playPlainTournament: PlayTournament = (p, words, { depth, leaves }) => {
  for (let layer = 0; layer < depth; layer++) {
    const mass = [0, 0];
    for (let j = 0; j < p.length; j++) if (((words[j] >>> layer) & 1) === 1) mass[j & 1] += p[j];
    const [won, lost] = factors(mass[0] + mass[1], leaves);
    for (let j = 0; j < p.length; j++) p[j] *= ((words[j] >>> layer) & 1) === 1 ? won : lost;
  }
};

/** Turns a row of logits into those after the tournament, in place; what becomes ln 0 is −∞. (K) */
export function tournament(
  logits: Float32Array,
  words: Uint32Array,
  { play, ...rounds }: Rounds & { readonly play: PlayTournament },
): void {
  const { p, live } = softmax(logits);
  const dense = live.length === logits.length;
  play(p, dense ? words.subarray(0, p.length) : live.map((i) => words[i]), rounds);
  logits.fill(-Infinity);
  for (let j = 0; j < live.length; j++) if (p[j] >= NOTHING) logits[live[j]] = Math.log(p[j]);
}

/** What a layer multiplies the probability of tokens with g = 1 and g = 0 by; `sum` is G but for rounding. */
export function factors(sum: number, leaves: number): readonly [number, number] {
  const mass = Math.min(1, sum);
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
