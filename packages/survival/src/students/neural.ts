import type { Random, Tokens } from "@verdigris/core";
import type { Prediction } from "@verdigris/detector";
import type { Corpus, Text } from "../corpus.js";
import { type NeuralModel, createNeuralModel } from "../neural/index.js";
import { type ModelShape, foldAdapters, initialParameters } from "../neural/layout.js";
import { roundToNearest } from "../neural/quantise.js";
import { loadRuntime } from "../neural/runtime.js";
import {
  type TrainingOptions,
  distilledExamples,
  fit,
  meanLoss,
  sampledExamples,
  streamOf,
} from "../neural/training.js";
import {
  type OwnPieces,
  type Vocabulary,
  frequentPieces,
  frequentTokens,
} from "../neural/vocabulary.js";
import type { Traits } from "../needs.js";
import { randomStream } from "../random.js";
import { type Apprenticeship, type Student, checkWeight } from "./student.js";

/** Settings of the neural student. */
export interface NeuralStudentOptions extends TrainingOptions {
  /** Own V: the most frequent tokens (or pieces) of `base`; everything else is one stand-in. */
  readonly vocabularySize: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Fitted gain A of the survival law for this family (bench/quality/gain.mjs). */
  readonly gain: number;
  /** Text that fixes the vocabulary before any corpus is seen. */
  readonly base: readonly Text[];
  /** What is learned of a text: its tokens, or the teacher's probabilities that it carries. Default tokens. */
  readonly targets?: "tokens" | "probabilities";
  /** Clean text learned first, and passes over it; without it the student starts from scratch. */
  readonly pretraining?: { readonly texts: readonly Text[]; readonly epochs: number };
  /** Rank of low-rank adapters that a corpus trains alone, the rest frozen (Hu et al. 2022). Default 0: no adapters. */
  readonly adapterRank?: number;
  /** Pieces of its own instead of the teacher's tokens. */
  readonly pieces?: OwnPieces;
}

/** What it needs by what it reads, and what it learns of that. */
export function neuralTraits(
  settings: Pick<NeuralStudentOptions, "targets"> & { readonly pieces?: "teacher" | "words" },
): Traits {
  const { targets, pieces } = settings;
  return {
    load: loadRuntime,
    offers: ["quantised", "merged"],
    needs: [
      ...(targets === "probabilities" ? (["targets"] as const) : []),
      ...(pieces === "words" ? (["tokenizer"] as const) : []),
    ],
  };
}

/** A small transformer trained in this process: mechanism tests with gradient descent, not a capable model. */
export function neuralStudent(options: NeuralStudentOptions): Apprenticeship {
  const surroundings = new Surroundings(options);
  const { vocabulary, shape } = surroundings;
  const student = async (parameters: Float32Array): Promise<Student> =>
    new NeuralStudent(await surroundings.model(parameters), surroundings);
  const learned = options.targets === "probabilities" ? distilledExamples : sampledExamples;
  return {
    kind: "neural",
    gain: options.gain,
    inertia: 20,
    order: options.contextLength,
    ...(vocabulary.speller !== undefined && { speller: vocabulary.speller }),
    untrained: async () => student(await surroundings.start()),
    async train(corpus: Corpus, random: Random, from?: Student): Promise<Student> {
      const start =
        from === undefined
          ? await surroundings.start()
          : await sameKind("from", from, surroundings).model.parameters();
      const examples = learned(corpus.texts, vocabulary);
      // Going on with text alone is usual; a first corpus without any probabilities is a mistake.
      if (from === undefined) checkTargets(options, corpus.texts);
      const { adapterRank = 0 } = options;
      const training = { random, options };
      if (adapterRank === 0) {
        const model = await surroundings.model(start);
        await fit(model, examples, training);
        return new NeuralStudent(model, surroundings);
      }
      const adapted = { ...shape, adapterRank };
      const fresh = initialParameters(adapted, randomStream("neural student", "adapters"), start);
      const model = await createNeuralModel({ ...adapted, batch: options.batch }, fresh);
      await fit(model, examples, training);
      const parameters = foldAdapters(adapted, await model.parameters());
      await model.dispose();
      return student(parameters);
    },
  };
}

function checkTargets({ targets }: NeuralStudentOptions, texts: readonly Text[]): void {
  const carried = texts.length === 0 || texts.some((text) => text.targets?.of === text.tokens);
  if (targets !== "probabilities" || carried) return;
  throw new RangeError("corpus: expected texts that carry the teacher's probabilities, got none");
}

/** What all students of one apprenticeship share. */
class Surroundings {
  readonly vocabulary: Vocabulary;
  readonly shape: ModelShape;
  readonly options: NeuralStudentOptions;
  #start: Promise<Float32Array> | undefined;

  constructor(options: NeuralStudentOptions) {
    const { base, vocabularySize, pieces, width, layers, heads, contextLength } = options;
    this.options = options;
    this.vocabulary =
      pieces === undefined
        ? frequentTokens(base, vocabularySize)
        : frequentPieces(base, vocabularySize, pieces);
    // Text of few different tokens fills less than the vocabulary asked for.
    this.shape = { vocabularySize: this.vocabulary.size, width, layers, heads, contextLength };
  }

  model(start: Random | Float32Array): Promise<NeuralModel> {
    return createNeuralModel({ ...this.shape, batch: this.options.batch }, start);
  }

  /** Parameters before any corpus: the same for every student. */
  start(): Promise<Float32Array> {
    this.#start ??= this.#pretrained();
    return this.#start;
  }

  async #pretrained(): Promise<Float32Array> {
    const model = await this.model(randomStream("neural student", "weights"));
    const { pretraining } = this.options;
    if (pretraining !== undefined) {
      const { texts, epochs } = pretraining;
      const random = randomStream("neural student", "pretraining");
      const options = { ...this.options, epochs };
      await fit(model, sampledExamples(texts, this.vocabulary), { random, options });
    }
    const parameters = await model.parameters();
    await model.dispose();
    return parameters;
  }
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
    return rows.map((p, n) => ({ context: contexts[n], ids, p }));
  }

  /** Probabilities of the tokens it shares with the teacher, given that the next is one of them. (N, known) */
  async #probabilities(contexts: readonly Tokens[]): Promise<Float64Array[]> {
    const { vocabulary, shape } = this.surroundings;
    const V = vocabulary.size;
    const read = contexts.map((context) => vocabulary.encode(context).slice(-shape.contextLength));
    // Before anything that it reads, a student stands where a text begins.
    const own = read.map((context) => (context.length === 0 ? Int32Array.of(0) : context));
    const logits = await this.model.logits(own);
    return contexts.map((_, n) => softmaxOf(logits.subarray(n * V, (n + 1) * V), vocabulary.own));
  }

  loss(texts: readonly Text[]): Promise<number> {
    const { vocabulary, options } = this.surroundings;
    return meanLoss(this.model, streamOf(texts, vocabulary), options);
  }

  async quantised(bits: number): Promise<Student> {
    const { shape } = this.surroundings;
    return this.#with(roundToNearest(shape, await this.model.parameters(), bits));
  }

  /** The linear average of the weights. */
  async merged(other: Student, weight: number): Promise<Student> {
    checkWeight(weight);
    const theirs = await sameKind("other", other, this.surroundings).model.parameters();
    const own = await this.model.parameters();
    return this.#with(own.map((value, i) => (1 - weight) * value + weight * theirs[i]));
  }

  async #with(parameters: Float32Array): Promise<Student> {
    return new NeuralStudent(await this.surroundings.model(parameters), this.surroundings);
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

/** Softmax over the entries `of` alone. */
function softmaxOf(logits: Float32Array, of: Uint32Array): Float64Array {
  const p = Float64Array.from(of, (own) => logits[own]);
  const top = p.reduce((best, value) => Math.max(best, value), -Infinity);
  let sum = 0;
  for (let i = 0; i < p.length; i++) sum += p[i] = Math.exp(p[i] - top);
  for (let i = 0; i < p.length; i++) p[i] /= sum;
  return p;
}

function drawFrom(p: Float64Array, random: Random): number {
  let u = random.next();
  for (let i = 0; i < p.length; i++) if ((u -= p[i]) < 0) return i;
  return p.length - 1;
}
