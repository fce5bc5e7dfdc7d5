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
  const { depth } = rounds;
  const gains = gainsOf(depth);
  let room: Room = roomFor(0);
  let patterns: Patterns = patternsOf(1);
  return (logits, words) => {
    if (room.p.length < logits.length) room = roomFor(logits.length);
    const live = collect(logits, words, room);
    const layers = layersOfPass(depth, live.n);
    if (patterns.layers !== layers) patterns = patternsOf(layers);
    const total = weigh(live, patterns);
    for (let first = 0; first < depth; first += layers) {
      if (first > 0) bringUp(live, patterns, first);
      playLayers(patterns, { first, total, ...rounds }, gains);
    }
    writeLogits(logits, live, { thirds: summed(gains), log: live.top + Math.log(total) });
  };
}

/** Buffers for candidates that are not impossible. (K) */
interface Room {
  readonly p: Float64Array;
  readonly logits: Float32Array;
  readonly words: Uint32Array;
  readonly index: Uint32Array;
}

function roomFor(n: number): Room {
  return {
    p: new Float64Array(n),
    logits: new Float32Array(n),
    words: new Uint32Array(n),
    index: new Uint32Array(n),
  };
}

/** Candidates that are not impossible. */
interface Live {
  readonly n: number;
  readonly logits: Float32Array;
  readonly top: number;
  /** exp(logit − top), and what the layers so far have made of it. */
  readonly p: Float64Array;
  readonly words: Uint32Array;
  /** Their indices, or null if all are live. */
  readonly index: Uint32Array | null;
}

/** Finds the live candidates; the others' logits become −∞. */
function collect(logits: Float32Array, words: Uint32Array, room: Room): Live {
  let [top, bottom] = [-Infinity, Infinity];
  for (let i = 0; i < logits.length; i++) {
    top = Math.max(top, logits[i]);
    bottom = Math.min(bottom, logits[i]);
  }
  const all = bottom - top >= LOG_NOTHING;
  if (all) return { n: logits.length, logits, top, p: room.p, words, index: null };
  // What is not a number is impossible.
  if (Number.isNaN(top)) top = logits.reduce((most, x) => (x > most ? x : most), -Infinity);
  let n = 0;
  for (let i = 0; i < logits.length; i++) {
    if (logits[i] - top >= LOG_NOTHING) {
      room.logits[n] = logits[i];
      room.words[n] = words[i];
      room.index[n++] = i;
    } else logits[i] = -Infinity;
  }
  return { ...room, n, top };
}

/** e^(−k/32), k = 0 … 2,210. */
const POWERS = Float64Array.from({ length: 2211 }, (_, k) => Math.exp(-k / 32));

/** e^x for x from LOG_NOTHING to 0: a table, and a series for the rest of at most 1/64. Relative error below 6e-16. */
export function exponential(x: number): number {
  const k = (0.5 - 32 * x) | 0;
  const r = x + k / 32;
  const s = r * r;
  const series = 0.5 + r * (1 / 6) + s * (1 / 24 + r * (1 / 120) + s * (1 / 720));
  return POWERS[k] * (1 + r + s * series);
}

/** What a pass over the candidates knows of each pattern of its layers' g-values. (2^layers) */
interface Patterns {
  readonly layers: number;
  /** Mass of the candidates with the pattern. */
  readonly mass: Float64Array;
  /** What their probability is multiplied by. */
  readonly gain: Float64Array;
}

function patternsOf(layers: number): Patterns {
  const places = (): Float64Array => new Float64Array(1 << layers);
  return { layers, mass: places(), gain: places() };
}

/** Layers of a pass, the last of which may have fewer to play: patterns are kept well below the number of candidates. */
function layersOfPass(depth: number, candidates: number): number {
  const most = Math.max(1, Math.min(MOST_LAYERS, Math.floor(Math.log2(candidates)) - 3));
  return Math.ceil(depth / Math.ceil(depth / most));
}

/** Gives the candidates their probabilities, sums them by the first pass's pattern, and in all. */
function weigh({ n, logits, top, p, words }: Live, { mass }: Patterns): number {
  const mask = mass.length - 1;
  mass.fill(0);
  for (let j = 0; j < n; j++) {
    const weight = exponential(logits[j] - top);
    p[j] = weight;
    mass[words[j] & mask] += weight;
  }
  return mass.reduce((sum, one) => sum + one, 0);
}

/** Brings the candidates up to layer `first`, and sums their mass by pattern. */
function bringUp({ n, p, words }: Live, { layers, mass, gain }: Patterns, first: number): void {
  const mask = mass.length - 1;
  const before = first - layers;
  mass.fill(0);
  for (let j = 0; j < n; j++) {
    const word = words[j];
    const weight = p[j] * gain[(word >>> before) & mask];
    p[j] = weight;
    mass[(word >>> first) & mask] += weight;
  }
}

/** Plays the layers of a pass on the mass of its patterns, which each layer halves: its own g-value is settled. */
function playLayers(
  { layers, mass, gain }: Patterns,
  { first, total, depth, leaves }: Rounds & { readonly first: number; readonly total: number },
  gains: Gains,
): void {
  gain[0] = 1;
  const end = Math.min(depth, first + layers);
  for (let layer = first, size = 1; layer < end; layer++, size *= 2) {
    const left = mass.length / (2 * size);
    let sum = 0;
    for (let i = 0; i < left; i++) sum += mass[2 * i + 1];
    const [won, lost] = factors(sum / total, leaves);
    for (let i = 0; i < left; i++) mass[i] = mass[2 * i] * lost + mass[2 * i + 1] * won;
    for (let i = 0; i < size; i++) {
      gain[size + i] = gain[i] * won;
      gain[i] *= lost;
    }
    gains.won[layer] = Math.log(won);
    gains.lost[layer] = Math.log(lost);
  }
}

/** What a layer multiplies the probability of tokens with g = 1 and g = 0 by; `share` is G but for rounding. */
function factors(share: number, leaves: number): readonly [number, number] {
  const mass = Math.min(1, share);
  if (leaves === 2) return [2 - mass, 1 - mass];
  if (mass === 0) return [1, 1];
  return [(1 - (1 - mass) ** leaves) / mass, (1 - mass) ** (leaves - 1)];
}

/** Logarithms of what the layers multiplied by. */
interface Gains {
  readonly won: Float64Array; // (depth, rounded up to threes)
  readonly lost: Float64Array;
  /** Their sums by the pattern of a third of the layers. (3 × 2^(depth/3)) */
  readonly thirds: readonly [Float64Array, Float64Array, Float64Array];
}

function gainsOf(depth: number): Gains {
  const third = Math.ceil(depth / 3);
  const layers = (): Float64Array => new Float64Array(3 * third);
  const places = (): Float64Array => new Float64Array(1 << third);
  return { won: layers(), lost: layers(), thirds: [places(), places(), places()] };
}

function summed({ won, lost, thirds }: Gains): Gains["thirds"] {
  let layer = 0;
  for (const sums of thirds) {
    sums[0] = 0;
    for (let size = 1; size < sums.length; size *= 2, layer++) {
      for (let i = 0; i < size; i++) {
        sums[size + i] = sums[i] + won[layer];
        sums[i] += lost[layer];
      }
    }
  }
  return thirds;
}

/** Writes the logarithms of the probabilities: what was, and all that it was multiplied by. */
function writeLogits(
  logits: Float32Array,
  { n, logits: shown, words, index }: Live,
  { thirds, log }: Pick<Gains, "thirds"> & { readonly log: number },
): void {
  const [a, b, c] = thirds;
  const mask = a.length - 1;
  const third = Math.log2(a.length);
  let least = 0;
  for (let j = 0; j < n; j++) {
    const word = words[j];
    const early = shown[j] - log + a[word & mask];
    const value = early + b[(word >>> third) & mask] + c[(word >>> (2 * third)) & mask];
    shown[j] = value;
    least = Math.min(least, value);
  }
  if (least < LOG_NOTHING)
    for (let j = 0; j < n; j++) if (shown[j] < LOG_NOTHING) shown[j] = -Infinity;
  if (index !== null) for (let j = 0; j < n; j++) logits[index[j]] = shown[j];
}
