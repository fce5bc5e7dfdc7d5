import type { Random, Tokens } from "@verdigris/core";
import type { Prediction } from "@verdigris/detector";
import type { Corpus, Text } from "../corpus.js";
import { type NeuralModel, createNeuralModel } from "../neural/index.js";
import { roundToNearest } from "../neural/quantise.js";
import { type Vocabulary, frequentTokens } from "../neural/vocabulary.js";
import { below, randomStream } from "../random.js";
import { type Apprenticeship, type Student, checkWeight } from "./student.js";

/** Settings of the neural student. */
export interface NeuralStudentOptions {
  /** Own vocabulary: the most frequent tokens of `base`; every other token is one stand-in. */
  readonly vocabularySize: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly contextLength: number;
  readonly batch: number;
  readonly learningRate: number;
  /** Passes over the corpus. */
  readonly epochs: number;
  /** Fitted gain A of the survival law for this shape (bench/quality/neural-gain.mjs). */
  readonly gain: number;
  /** Text that fixes the vocabulary before any corpus is seen. */
  readonly base: readonly Text[];
}

/** A small transformer trained in this process: mechanism tests with gradient descent, not a capable model. */
export function neuralStudent(asked: NeuralStudentOptions): Apprenticeship {
  const vocabulary = frequentTokens(asked.base, asked.vocabularySize);
  // Text of few different tokens fills less than the vocabulary asked for.
  const options = { ...asked, vocabularySize: vocabulary.ids.length };
  const surroundings = { vocabulary, options };
  const fresh = (): Promise<NeuralModel> =>
    createNeuralModel(options, randomStream("neural student", "weights"));
  return {
    kind: "neural",
    gain: options.gain,
    inertia: 20,
    order: options.contextLength,
    untrained: async () => new NeuralStudent(await fresh(), surroundings),
    async train(corpus: Corpus, random: Random, from?: Student): Promise<Student> {
      const model =
        from === undefined
          ? await fresh()
          : await createNeuralModel(
              options,
              await sameKind("from", from, surroundings).model.parameters(),
            );
      await fit(model, { stream: vocabulary.encodeAll(corpus.texts), random, options });
      return new NeuralStudent(model, surroundings);
    },
  };
}

interface Training {
  readonly stream: Int32Array;
  readonly random: Random;
  readonly options: NeuralStudentOptions;
}

/** Batches of sequences at random starts; the step size falls along a half cosine. */
async function fit(model: NeuralModel, { stream, random, options }: Training): Promise<void> {
  const { batch, contextLength: T, learningRate, epochs } = options;
  if (stream.length === 0) return;
  const steps = Math.max(1, Math.round((epochs * stream.length) / (batch * T)));
  const tokens = new Int32Array(batch * (T + 1));
  for (let step = 0; step < steps; step++) {
    for (let b = 0; b < batch; b++) {
      const start = below(random, Math.max(1, stream.length - T - 1));
      tokens.set(stream.subarray(start, start + T + 1), b * (T + 1));
    }
    const warmUp = Math.min(1, (step + 1) / 20);
    const decay = 0.5 * (1 + Math.cos((Math.PI * step) / steps));
    await model.step(tokens, { learningRate: learningRate * warmUp * decay });
  }
}

interface Surroundings {
  readonly vocabulary: Vocabulary;
  readonly options: NeuralStudentOptions;
}

class NeuralStudent implements Student {
  readonly model: NeuralModel;
  readonly surroundings: Surroundings;

  constructor(model: NeuralModel, surroundings: Surroundings) {
    this.model = model;
    this.surroundings = surroundings;
  }

  async draw(contexts: readonly Tokens[], random: Random): Promise<Uint32Array> {
    const { ids } = this.surroundings.vocabulary;
    const rows = await this.#probabilities(contexts);
    return Uint32Array.from(rows, (p) => ids[drawFrom(p, random)]);
  }

  async predict(contexts: readonly Tokens[]): Promise<readonly Prediction[]> {
    const { ids } = this.surroundings.vocabulary;
    const rows = await this.#probabilities(contexts);
    return rows.map((p, n) => ({ context: contexts[n], ids: ids.subarray(1), p: p.subarray(1) }));
  }

  /** Probabilities of the tokens the student knows, given that it is one of them. (N, V) */
  async #probabilities(contexts: readonly Tokens[]): Promise<Float64Array[]> {
    const { vocabulary, options } = this.surroundings;
    const V = vocabulary.ids.length;
    const own = contexts.map((context) =>
      vocabulary.encode(context.subarray(-options.contextLength)),
    );
    const logits = await this.model.logits(own);
    return contexts.map((_, n) => softmaxOfKnown(logits.subarray(n * V, (n + 1) * V)));
  }

  loss(texts: readonly Text[]): Promise<number> {
    const { vocabulary, options } = this.surroundings;
    return meanLoss(this.model, vocabulary.encodeAll(texts), options);
  }

  async quantised(bits: number): Promise<Student> {
    const { options } = this.surroundings;
    return this.#with(roundToNearest(options, await this.model.parameters(), bits));
  }

  /** The linear average of the weights. */
  async merged(other: Student, weight: number): Promise<Student> {
    checkWeight(weight);
    const theirs = await sameKind("other", other, this.surroundings).model.parameters();
    const own = await this.model.parameters();
    return this.#with(own.map((value, i) => (1 - weight) * value + weight * theirs[i]));
  }

  async #with(parameters: Float32Array): Promise<Student> {
    const model = await createNeuralModel(this.surroundings.options, parameters);
    return new NeuralStudent(model, this.surroundings);
  }

  dispose(): Promise<void> {
    return this.model.dispose();
  }
}

/** Weights of two students can be compared only if the same apprenticeship made both. */
function sameKind(name: string, student: Student, surroundings: Surroundings): NeuralStudent {
  if (student instanceof NeuralStudent && student.surroundings === surroundings) return student;
  throw new RangeError(`${name}: expected a student of this neural apprenticeship, got another`);
}

/** Softmax with the stand-in (own id 0) left out. */
function softmaxOfKnown(logits: Float32Array): Float64Array {
  const top = logits.subarray(1).reduce((best, value) => Math.max(best, value), -Infinity);
  const p = Float64Array.from(logits, (value, i) => (i === 0 ? 0 : Math.exp(value - top)));
  const sum = p.reduce((total, value) => total + value, 0);
  return p.map((value) => value / sum);
}

function drawFrom(p: Float64Array, random: Random): number {
  let u = random.next();
  for (let i = 1; i < p.length; i++) if ((u -= p[i]) < 0) return i;
  return p.length - 1;
}

/** Loss over whole batches of the stream, nats per token of the student's own vocabulary. */
async function meanLoss(
  model: NeuralModel,
  stream: Int32Array,
  options: NeuralStudentOptions,
): Promise<number> {
  const { batch, contextLength: T } = options;
  const rows = Math.floor((stream.length - 1) / T);
  const tokens = new Int32Array(batch * (T + 1));
  const batches = Math.min(16, Math.floor(rows / batch));
  let sum = 0;
  for (let i = 0; i < batches; i++) {
    for (let b = 0; b < batch; b++) {
      const start = (i * batch + b) * T;
      tokens.set(stream.subarray(start, start + T + 1), b * (T + 1));
    }
    sum += await model.loss(tokens);
  }
  return batches === 0 ? 0 : sum / batches;
}
