/** Natural log of the probability below which a candidate is taken for impossible: 1e-30. */
const LOG_NOTHING = Math.log(1e-30);

/** Most layers played in one pass over the candidates. */
const MOST_LAYERS = 10;

/** Layers and candidates of a match. */
export interface Rounds {
  readonly depth: number;
  readonly leaves: number;
}

/** Turns a row of logits into those after the tournament, in place; words hold layer l's g-value in bit l. (K) */
export type Tournament = (logits: Float32Array, words: Uint32Array) => void;

/**
 * SynthID's tournament (Dathathri et al. 2024) in float64: per layer G = Σ g p, and p grows by 1 + g − G with two
 * leaves, by (1 − (1−G)^N)/G or (1−G)^(N−1) with N.
 *
 * What a layer multiplies by depends on g alone, so one pass over the candidates plays several: their mass is summed
 * by the pattern of these layers' g-values, and the layers are played on the sums.
 */
export function createTournament(rounds: Rounds): Tournament {
  let room: Room = roomFor(0);
  return (logits, words) => {
    if (room.p.length < logits.length) room = roomFor(logits.length);
    const live = collect(logits, words, room);
    const passes = passesOf(rounds.depth, live.n);
    for (let first = 0; first < rounds.depth; first += passes.layers) {
      sumByPattern(live, passes, first);
      playLayers(passes, { first, total: live.total, ...rounds });
    }
    addGains(logits, live, passes);
  };
}

/** Buffers for candidates that are not impossible. (K) */
interface Room {
  readonly p: Float64Array;
  readonly words: Uint32Array;
  readonly index: Uint32Array;
}

function roomFor(n: number): Room {
  return { p: new Float64Array(n), words: new Uint32Array(n), index: new Uint32Array(n) };
}

/** Candidates that are not impossible. */
interface Live {
  readonly n: number;
  /** exp(logit − top), and their sum. */
  readonly p: Float64Array;
  readonly top: number;
  readonly total: number;
  readonly words: Uint32Array;
  /** Their indices, or null if all are live. */
  readonly index: Uint32Array | null;
}

/** Finds the live candidates; the others' logits become −∞. */
function collect(logits: Float32Array, words: Uint32Array, room: Room): Live {
  let [top, bottom] = [-Infinity, Infinity];
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i];
    if (logit > top) top = logit;
    if (!(logit >= bottom)) bottom = logit;
  }
  if (!(bottom - top >= LOG_NOTHING)) return collectSome(logits, words, { ...room, top });
  const { p } = room;
  let total = 0;
  for (let i = 0; i < logits.length; i++) {
    const weight = exponential(logits[i] - top);
    total += weight;
    p[i] = weight;
  }
  return { n: logits.length, p, top, total, words, index: null };
}

function collectSome(
  logits: Float32Array,
  words: Uint32Array,
  { p, words: played, index, top }: Room & { readonly top: number },
): Live {
  let [n, total] = [0, 0];
  for (let i = 0; i < logits.length; i++) {
    const below = logits[i] - top;
    if (below >= LOG_NOTHING) {
      const weight = exponential(below);
      total += weight;
      p[n] = weight;
      played[n] = words[i];
      index[n++] = i;
    } else logits[i] = -Infinity;
  }
  return { n, p, top, total, words: played, index };
}

/** e^(−k/32), k = 0 … 2,210. */
const POWERS = Float64Array.from({ length: 2211 }, (_, k) => Math.exp(-k / 32));

/** e^x for x from LOG_NOTHING to 0: a table, and a series for the rest of at most 1/64. Relative error below 6e-16. */
export function exponential(x: number): number {
  const k = (0.5 - 32 * x) | 0;
  const r = x + k / 32;
  const series = 1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720)));
  return POWERS[k] * (1 + r * (1 + r * (0.5 + r * series)));
}

/** What passes over the candidates found out; each owns the next 2^layers places, one per pattern. */
interface Passes {
  /** Layers a pass plays; the last one may have fewer to play. */
  readonly layers: number;
  /** Mass of the candidates with each pattern. */
  readonly mass: Float64Array;
  /** What their probability is multiplied by, and its logarithm. */
  readonly gain: Float64Array;
  readonly logGain: Float64Array;
}

/** Passes of equal size; patterns are kept well below the number of candidates. */
function passesOf(depth: number, candidates: number): Passes {
  const most = Math.max(1, Math.min(MOST_LAYERS, Math.floor(Math.log2(candidates)) - 3));
  const passes = Math.ceil(depth / most);
  const layers = Math.ceil(depth / passes);
  const places = (): Float64Array => new Float64Array(passes << layers);
  return { layers, mass: places(), gain: places().fill(1), logGain: places() };
}

/** The places of the pass that begins with a layer. */
function placesOf(values: Float64Array, { layers }: Passes, first: number): Float64Array {
  const start = (first / layers) << layers;
  return values.subarray(start, start + (1 << layers));
}

/** Brings the candidates up to layer `first`, and sums their mass by pattern. */
function sumByPattern({ n, p, words }: Live, passes: Passes, first: number): void {
  const mass = placesOf(passes.mass, passes, first);
  const mask = mass.length - 1;
  if (first === 0) {
    for (let j = 0; j < n; j++) mass[words[j] & mask] += p[j];
    return;
  }
  const before = first - passes.layers;
  const gain = placesOf(passes.gain, passes, before);
  for (let j = 0; j < n; j++) {
    const word = words[j];
    p[j] *= gain[(word >>> before) & mask];
    mass[(word >>> first) & mask] += p[j];
  }
}

/** Plays the layers of a pass on the mass of its patterns. */
function playLayers(
  passes: Passes,
  { first, total, depth, leaves }: Rounds & { readonly first: number; readonly total: number },
): void {
  const mass = placesOf(passes.mass, passes, first);
  const gain = placesOf(passes.gain, passes, first);
  for (let layer = 0; layer < Math.min(passes.layers, depth - first); layer++) {
    let sum = 0;
    for (let i = 0; i < mass.length; i++) if (((i >>> layer) & 1) === 1) sum += mass[i];
    const [won, lost] = factors(sum / total, leaves);
    for (let i = 0; i < mass.length; i++) {
      const factor = ((i >>> layer) & 1) === 1 ? won : lost;
      mass[i] *= factor;
      gain[i] *= factor;
    }
  }
  placesOf(passes.logGain, passes, first).set(gain.map(Math.log));
}

/** What a layer multiplies the probability of tokens with g = 1 and g = 0 by; `share` is G but for rounding. */
function factors(share: number, leaves: number): readonly [number, number] {
  const mass = Math.min(1, share);
  if (leaves === 2) return [2 - mass, 1 - mass];
  if (mass === 0) return [1, 1];
  return [(1 - (1 - mass) ** leaves) / mass, (1 - mass) ** (leaves - 1)];
}

/** Writes the logarithms of the probabilities: what was, and all that it was multiplied by. */
function addGains(
  logits: Float32Array,
  { n, top, total, words, index }: Live,
  { layers, logGain }: Passes,
): void {
  const log = top + Math.log(total);
  const size = 1 << layers;
  for (let j = 0; j < n; j++) {
    const i = index === null ? j : index[j];
    let value = logits[i] - log;
    let rest = words[j];
    for (let start = 0; start < logGain.length; start += size) {
      value += logGain[start + (rest & (size - 1))];
      rest >>>= layers;
    }
    logits[i] = value < LOG_NOTHING ? -Infinity : value;
  }
}
