import type { Random, Tokens } from "@verdigris/core";
import type { Prediction } from "@verdigris/detector";
import type { Corpus, Text } from "../corpus.js";
import { type NeuralModel, createNeuralModel } from "../neural/index.js";
import { below, randomStream } from "../random.js";
import type { Apprenticeship, Student } from "./student.js";

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
export function neuralStudent(options: NeuralStudentOptions): Apprenticeship {
  const vocabulary = ownVocabulary(options);
  const fresh = (): Promise<NeuralModel> =>
    createNeuralModel(options, randomStream("neural student", "weights"));
  return {
    kind: "neural",
    gain: options.gain,
    inertia: 20,
    order: options.contextLength,
    untrained: async () => studentOf(await fresh(), vocabulary, options),
    async train(corpus: Corpus, random: Random): Promise<Student> {
      const model = await fresh();
      await fit(model, { stream: vocabulary.encodeAll(corpus.texts), random, options });
      return studentOf(model, vocabulary, options);
    },
  };
}

/** Maps token ids to the student's own and back. Id 0 of the student stands for every token it does not know. */
interface Vocabulary {
  /** (own) → token id; entry 0 is meaningless. */
  readonly ids: Uint32Array;
  encode(tokens: Tokens): Int32Array;
  /** All texts in one stream, the stand-in between them. */
  encodeAll(texts: readonly Text[]): Int32Array;
}

function ownVocabulary({ base, vocabularySize }: NeuralStudentOptions): Vocabulary {
  const counts = new Map<number, number>();
  for (const { tokens } of base)
    for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
  const frequent = [...counts]
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, vocabularySize - 1);
  const ids = Uint32Array.from([0, ...frequent.map(([token]) => token)]);
  const own = new Map(frequent.map(([token], i) => [token, i + 1]));
  const encode = (tokens: Tokens): Int32Array =>
    Int32Array.from(tokens, (token) => own.get(token) ?? 0);
  return {
    ids,
    encode,
    encodeAll(texts: readonly Text[]): Int32Array {
      const stream = new Int32Array(texts.reduce((sum, text) => sum + text.tokens.length + 1, 0));
      let at = 0;
      for (const { tokens } of texts) {
        stream.set(encode(tokens), at + 1);
        at += tokens.length + 1;
      }
      return stream;
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
  const steps = Math.max(1, Math.round((epochs * stream.length) / (batch * T)));
  const tokens = new Int32Array(batch * (T + 1));
  for (let step = 0; step < steps; step++) {
    for (let b = 0; b < batch; b++) {
      const start = below(random, Math.max(1, stream.length - T - 1));
      tokens.set(stream.subarray(start, start + T + 1), b * (T + 1));
    }
    const warmUp = Math.min(1, (step + 1) / 20);
    await model.step(
      tokens,
      learningRate * warmUp * 0.5 * (1 + Math.cos((Math.PI * step) / steps)),
    );
  }
}

function studentOf(
  model: NeuralModel,
  vocabulary: Vocabulary,
  options: NeuralStudentOptions,
): Student {
  const { ids } = vocabulary;
  const V = ids.length;
  /** Probabilities of the tokens the student knows, given that it is one of them. (N, V) */
  async function probabilities(contexts: readonly Tokens[]): Promise<Float64Array[]> {
    const own = contexts.map((context) =>
      vocabulary.encode(context.subarray(-options.contextLength)),
    );
    const logits = await model.logits(own);
    return contexts.map((_, n) => softmaxOfKnown(logits.subarray(n * V, (n + 1) * V)));
  }
  return {
    async draw(contexts: readonly Tokens[], random: Random): Promise<Uint32Array> {
      const rows = await probabilities(contexts);
      return Uint32Array.from(rows, (p) => ids[drawFrom(p, random)]);
    },
    async predict(contexts: readonly Tokens[]): Promise<readonly Prediction[]> {
      const rows = await probabilities(contexts);
      return rows.map((p, n) => ({ context: contexts[n], ids: ids.subarray(1), p: p.subarray(1) }));
    },
    loss: (texts: readonly Text[]): Promise<number> =>
      meanLoss(model, vocabulary.encodeAll(texts), options),
    dispose: (): Promise<void> => model.dispose(),
  };
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
