/**
 * Training of SynthID's Bayesian score (Dathathri et al. 2024, appendix; the parameters are those of model.ts).
 * D layers, N coins, K parameters: β (D), then δ row by row (D, D), of which the strict lower triangle is used.
 *
 * The releases take a text for one example, which stops teaching once texts are told apart. A coin is the example here,
 * so that what is learnt is its likelihood ratio, and the product over a text an e-value that grows.
 */
import type { Random } from "@verdigris/core";
import { requireInteger } from "../statistics/checks.js";
import type { BayesianModel } from "./model.js";

/** A text whose origin is known. */
export interface BayesianExample {
  /** g-values of its coins (`gWords`). (n) */
  readonly words: Uint32Array;
  readonly marked: boolean;
}

/** How to train. */
export interface TrainOptions {
  readonly depth: number;
  /** Initial weights, order of coins and the split. */
  readonly random: Random;
  /** Penalties on Σδ² to choose among. Default: .001, .0022, .0046, .01. */
  readonly l2?: readonly number[];
  /** Passes over the coins. Default 12. */
  readonly epochs?: number;
  /** Share of the texts that decides between penalties and passes, never trained on. Default ¼. */
  readonly heldOut?: number;
}

/** A trained model, and what chose it. */
export interface TrainedModel {
  readonly model: BayesianModel;
  readonly l2: number;
  /** Mean cross-entropy of a held-out coin, nats; ln 2 would be no better than a guess. */
  readonly heldOutLoss: number;
}

/** Adam's (Kingma and Ba 2015), with the step that the releases use. */
const ADAM = { step: 0.021, first: 0.9, second: 0.999, tiny: 1e-8 } as const;
const BATCH = 128;
const FIRST_BETA = -2.5;

/** Coins of texts whose origin is known. (N) */
export interface LabelledCoins {
  readonly words: Uint32Array;
  /** 1 where marked. */
  readonly marked: Uint8Array;
}

/**
 * Fits the score to texts with and without a mark by gradient steps on the cross-entropy. Penalty and number of passes
 * are those of least cross-entropy on held-out texts.
 * @throws RangeError unless depth is 1 … 32 and both kinds have at least 4 texts
 */
export function trainBayesian(
  examples: readonly BayesianExample[],
  options: TrainOptions,
): TrainedModel {
  const { depth, random, epochs = 12, heldOut = 0.25 } = options;
  requireInteger("depth", depth, { min: 1, max: 32 });
  requireInteger("epochs", epochs, { min: 1, max: 10_000 });
  const { train, test } = split(examples, heldOut, random);
  const order = Uint32Array.from(train.words, (_, i) => i);
  let best: TrainedModel | null = null;
  for (const l2 of options.l2 ?? [1e-3, 10 ** (-8 / 3), 10 ** (-7 / 3), 1e-2]) {
    const parameters = initial(depth, random);
    const adam = new Adam(parameters.length);
    for (let epoch = 0; epoch < epochs; epoch++) {
      shuffle(order, random);
      for (let start = 0; start < order.length; start += BATCH) {
        const batch = chosen(train, order.subarray(start, start + BATCH));
        adam.step(parameters, gradient(parameters, batch, { depth, l2 }).gradient);
      }
      const { loss } = gradient(parameters, test, { depth, l2: 0 });
      if (best === null || loss < best.heldOutLoss) {
        best = { model: modelOf(parameters.slice(), depth), l2, heldOutLoss: loss };
      }
    }
  }
  return best as TrainedModel;
}

/** Mean cross-entropy of coins, marked and unmarked weighing ½ each, plus l2 Σδ², and its gradient. (K) */
export function gradient(
  parameters: Float64Array,
  { words, marked }: LabelledCoins,
  { depth: D, l2 }: { readonly depth: number; readonly l2: number },
): { readonly loss: number; readonly gradient: Float64Array } {
  const out = new Float64Array(parameters.length);
  const slopes = new Float64Array(D);
  const nMarked = marked.reduce((sum, one) => sum + one, 0);
  let loss = 0;
  for (let i = 0; i < words.length; i++) {
    const weight = 0.5 / (marked[i] === 1 ? nMarked : words.length - nMarked);
    const logit = ratioOf(parameters, words[i], slopes); // prior ½
    const error = weight * (1 / (1 + Math.exp(-logit)) - marked[i]);
    addOuter(out, { word: words[i], slopes, error });
    loss += weight * softplus(marked[i] === 1 ? -logit : logit);
  }
  for (let k = D; k < out.length; k++) {
    loss += l2 * parameters[k] * parameters[k];
    out[k] += 2 * l2 * parameters[k];
  }
  return { loss, gradient: out };
}

/** The log ratio of one coin, Σ f_l with f_l = ln(1 + (g − ½) σ(z_l)), and df_l/dz_l to `slopes`. (D) */
function ratioOf(parameters: Float64Array, word: number, slopes: Float64Array): number {
  const D = slopes.length;
  let sum = 0;
  for (let l = 0, row = D; l < D; l++, row += D) {
    let z = parameters[l];
    for (let j = 0; j < l; j++) if ((word >>> j) & 1) z += parameters[row + j];
    const two = 1 / (1 + Math.exp(-z));
    const sign = ((word >>> l) & 1) - 0.5;
    const ratio = 1 + sign * two;
    slopes[l] = (sign * two * (1 - two)) / ratio;
    sum += Math.log(ratio);
  }
  return sum;
}

/** Adds error · df/dparameters. */
function addOuter(
  out: Float64Array,
  coin: { readonly word: number; readonly slopes: Float64Array; readonly error: number },
): void {
  const D = coin.slopes.length;
  for (let l = 0, row = D; l < D; l++, row += D) {
    const slope = coin.error * coin.slopes[l];
    out[l] += slope;
    for (let j = 0; j < l; j++) if ((coin.word >>> j) & 1) out[row + j] += slope;
  }
}

function initial(depth: number, random: Random): Float64Array {
  const parameters = new Float64Array(depth + depth * depth);
  for (let l = 0; l < depth; l++) parameters[l] = FIRST_BETA + 2e-3 * (random.next() - 0.5);
  return parameters;
}

function modelOf(parameters: Float64Array, depth: number): BayesianModel {
  const [beta, delta] = [parameters.slice(0, depth), parameters.slice(depth)];
  return { depth, prior: 0.5, beta, delta };
}

class Adam {
  readonly #mean: Float64Array;
  readonly #square: Float64Array;
  #steps = 0;

  constructor(size: number) {
    this.#mean = new Float64Array(size);
    this.#square = new Float64Array(size);
  }

  step(parameters: Float64Array, slope: Float64Array): void {
    const { step, first, second, tiny } = ADAM;
    const t = ++this.#steps;
    const rate = (step * Math.sqrt(1 - second ** t)) / (1 - first ** t);
    for (let k = 0; k < parameters.length; k++) {
      this.#mean[k] = first * this.#mean[k] + (1 - first) * slope[k];
      this.#square[k] = second * this.#square[k] + (1 - second) * slope[k] * slope[k];
      parameters[k] -= (rate * this.#mean[k]) / (Math.sqrt(this.#square[k]) + tiny);
    }
  }
}

interface Parts {
  readonly train: LabelledCoins;
  readonly test: LabelledCoins;
}

/** Whole texts go to one side, the same share of marked and unmarked ones. */
function split(examples: readonly BayesianExample[], heldOut: number, random: Random): Parts {
  if (!(heldOut > 0 && heldOut < 1)) {
    throw new RangeError(`heldOut: expected a number in (0, 1), got ${heldOut}`);
  }
  const [train, test]: BayesianExample[][] = [[], []];
  for (const marked of [true, false]) {
    const all = examples.filter((example) => example.marked === marked);
    if (all.length < 4) {
      const kind = marked ? "marked" : "unmarked";
      throw new RangeError(`examples: expected 4 ${kind} texts or more, got ${all.length}`);
    }
    const order = Uint32Array.from(all, (_, i) => i);
    shuffle(order, random);
    const n = Math.max(1, Math.round(heldOut * all.length));
    order.forEach((at, i) => (i < n ? test : train).push(all[at]));
  }
  return { train: pooled(train), test: pooled(test) };
}

function pooled(examples: readonly BayesianExample[]): LabelledCoins {
  const labels = examples.map(({ words, marked }) => new Uint8Array(words.length).fill(+marked));
  return {
    words: Uint32Array.from(examples.flatMap(({ words }) => Array.from(words))),
    marked: Uint8Array.from(labels.flatMap((flags) => Array.from(flags))),
  };
}

function chosen({ words, marked }: LabelledCoins, at: Uint32Array): LabelledCoins {
  return { words: at.map((i) => words[i]), marked: Uint8Array.from(at, (i) => marked[i]) };
}

/** Fisher and Yates. */
function shuffle(order: Uint32Array, random: Random): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random.next() * (i + 1));
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
}

/** ln(1 + e^x). */
function softplus(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}
