import {
  type Candidates,
  type Random,
  type Scheme,
  type Tokens,
  largestFirst,
} from "@verdigris/core";

/** How the next token is drawn. Neutral values switch a step off. */
export interface Sampling {
  /** > 0; 0 takes the most likely token. Neutral 1. */
  readonly temperature: number;
  /** Keep the k most likely tokens; 0 keeps all. */
  readonly topK: number;
  /** Keep the smallest set with this probability, in (0, 1]. Neutral 1. */
  readonly topP: number;
  /** Keep tokens at least this fraction as likely as the best, in [0, 1). Neutral 0. */
  readonly minP: number;
  /** Divides positive and multiplies negative logits of tokens already in the text (Keskar et al. 2019). Neutral 1. */
  readonly repetitionPenalty: number;
}

/** Plain sampling from the model's own distribution. */
export const PLAIN_SAMPLING: Sampling = {
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
};

/** One step's context: what precedes the token, and whether the mark applies here. */
export interface Step {
  readonly context: Tokens;
  readonly marked: boolean;
}

/** Draws one token from candidates. */
export type Sampler = (candidates: Candidates, step: Step) => number;

/**
 * The sampling pipeline, in this order: repetition penalty → mark at stage `raw-logits` → temperature → top-k →
 * top-p → min-p → mark at stage `warped-logits` → draw.
 * @throws RangeError for a setting outside its range
 */
export function createSampler(sampling: Sampling, scheme: Scheme | null, random: Random): Sampler {
  checkSampling(sampling);
  const { temperature, repetitionPenalty } = sampling;
  const changes = temperature !== 1 || repetitionPenalty !== 1;
  const draw = drawing(random);
  return function sample(candidates: Candidates, step: Step): number {
    const mark = step.marked ? scheme : null;
    let ids = candidates.ids;
    let { logits } = candidates;
    if (changes || mark !== null) logits = logits.slice();
    penalise(ids, logits, step.context, repetitionPenalty);
    if (mark?.stage === "raw-logits") mark.reweight(step.context, logits, ids);
    if (temperature === 0) return ids[argmax(logits)];
    if (temperature !== 1) for (let i = 0; i < logits.length; i++) logits[i] /= temperature;
    ({ ids, logits } = truncate(ids, logits, sampling));
    if (mark?.stage === "warped-logits") mark.reweight(step.context, logits, ids);
    return ids[draw(logits)];
  };
}

function checkSampling(s: Sampling): void {
  const check = (ok: boolean, name: keyof Sampling, range: string): void => {
    if (!ok) throw new RangeError(`sampling.${name}: expected ${range}, got ${s[name]}`);
  };
  check(s.temperature >= 0 && s.temperature <= 100, "temperature", "a number from 0 to 100");
  check(Number.isInteger(s.topK) && s.topK >= 0, "topK", "a whole number ≥ 0");
  check(s.topP > 0 && s.topP <= 1, "topP", "a number in (0, 1]");
  check(s.minP >= 0 && s.minP < 1, "minP", "a number in [0, 1)");
  check(
    s.repetitionPenalty > 0 && s.repetitionPenalty <= 10,
    "repetitionPenalty",
    "a number in (0, 10]",
  );
}

function penalise(ids: Uint32Array, logits: Float32Array, context: Tokens, penalty: number): void {
  if (penalty === 1) return;
  const seen = new Set(context);
  for (let i = 0; i < ids.length; i++) {
    if (seen.has(ids[i])) logits[i] = logits[i] > 0 ? logits[i] / penalty : logits[i] * penalty;
  }
}

/** top-k, then top-p, then min-p, each on what the one before kept. Ties keep the engine's order. */
function truncate(
  ids: Uint32Array,
  logits: Float32Array,
  sampling: Sampling,
): { ids: Uint32Array; logits: Float32Array } {
  const { topK, topP, minP } = sampling;
  const all = logits.length;
  if ((topK === 0 || topK >= all) && topP === 1 && minP === 0) return { ids, logits };
  let keep = topK === 0 ? all : Math.min(topK, all);
  const order = largestFirst(logits, keep);
  const best = logits[order[0]];
  const weights = Float64Array.from(order.subarray(0, keep), (i) => Math.exp(logits[i] - best));
  if (topP < 1) keep = nucleus(weights, topP);
  if (minP > 0) keep = countWhile(weights.subarray(0, keep), (w) => w >= minP);
  const kept = order.subarray(0, keep);
  return {
    ids: Uint32Array.from(kept, (i) => ids[i]),
    logits: Float32Array.from(kept, (i) => logits[i]),
  };
}

/** Size of the smallest prefix of descending `weights` that holds a fraction `topP` of their sum. */
function nucleus(weights: Float64Array, topP: number): number {
  const goal = topP * weights.reduce((sum, w) => sum + w, 0);
  let sum = 0;
  return Math.min(weights.length, 1 + countWhile(weights, (w) => (sum += w) < goal));
}

function countWhile(values: Float64Array, keep: (value: number) => boolean): number {
  let n = 0;
  while (n < values.length && keep(values[n])) n++;
  return n;
}

/** Draws an index with probability softmax(logits); its draws share their room. */
function drawing(random: Random): (logits: Float32Array) => number {
  let cumulative = new Float64Array(0);
  return (logits) => {
    const best = logits[argmax(logits)];
    if (cumulative.length < logits.length) cumulative = new Float64Array(logits.length);
    let sum = 0;
    for (let i = 0; i < logits.length; i++) cumulative[i] = sum += Math.exp(logits[i] - best);
    const goal = random.next() * sum;
    for (let i = 0; i < logits.length; i++) if (goal < cumulative[i]) return i;
    return argmax(logits);
  };
}

function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}
