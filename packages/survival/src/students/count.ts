import type { Random, Tokens } from "@verdigris/core";
import type { Prediction } from "@verdigris/detector";
import { ContextIndex, indexKeeper } from "../context-index.js";
import type { Corpus, Text } from "../corpus.js";
import { CountModel, uniformModel } from "../count-model.js";
import type { Traits } from "../needs.js";
import { type Apprenticeship, type Student, checkWeight } from "./student.js";

/** Settings of the count student. */
export interface CountStudentOptions {
  readonly vocabularySize: number;
  /** Longest context, in tokens; at least h + 1 to hold a mark of width h and more. */
  readonly order: number;
  /** κ: examples of a context that weigh as much as the base model. */
  readonly inertia: number;
  /** Human text the base model was made from. */
  readonly base: readonly Text[];
}

/** It has counts and no weights. */
export const countTraits: Traits = { offers: ["merged"], needs: [] };

/** Held-out positions that a loss looks at: counting is slow, the mean is not delicate. */
const LOSS_POSITIONS = 4000;

/**
 * The count student: a hierarchical Dirichlet model on top of a base model from human text. Its prediction is linear
 * in the training examples, so the survival law holds for it with gain 1 (survival law, linear-student theorem). Going
 * on from a student adds the new counts to its own.
 */
export function countStudent(options: CountStudentOptions): Apprenticeship {
  const { vocabularySize, order, inertia } = options;
  const base = baseModel(options);
  const model = (index: ContextIndex): CountModel =>
    new CountModel(index, { inertia, shortest: 1, base });
  const indexOf = indexKeeper(vocabularySize);
  const untrained = new CountStudent([{ share: 1, texts: [], model: base }], vocabularySize);
  return {
    kind: "count",
    gain: 1,
    inertia,
    order,
    indexOf,
    untrained: async () => untrained,
    async train(corpus: Corpus, _random: Random, from: Student = untrained): Promise<Student> {
      const added = corpus.texts.map((text) => text.tokens);
      const parts = partsOf("from", from).map(({ share, texts }) => {
        const all = [...texts, ...added];
        const index =
          texts.length === 0
            ? indexOf(corpus.texts, order)
            : new ContextIndex(all, { order, vocabularySize });
        return { share, texts: all, model: model(index) };
      });
      return new CountStudent(parts, vocabularySize);
    },
  };
}

/** Trigram counts of human text over the uniform distribution: what the student knew before. */
function baseModel({ vocabularySize, base }: CountStudentOptions): CountModel {
  const index = new ContextIndex(
    base.map((text) => text.tokens),
    { order: 2, vocabularySize },
  );
  return new CountModel(index, { inertia: 5, shortest: 0, base: uniformModel(vocabularySize) });
}

/** One count model of a student and its share of the prediction; a student that was never merged has one. */
interface Part {
  readonly share: number;
  /** What it counted; nothing if the model is the base alone. */
  readonly texts: readonly Tokens[];
  readonly model: CountModel;
}

function partsOf(name: string, student: Student): readonly Part[] {
  if (student instanceof CountStudent) return student.parts;
  throw new RangeError(`${name}: expected a count student, got another kind`);
}

class CountStudent implements Student {
  readonly parts: readonly Part[];
  readonly #mass: Float64Array;

  constructor(parts: readonly Part[], vocabularySize: number) {
    this.parts = parts;
    this.#mass = new Float64Array(vocabularySize);
  }

  async draw(contexts: readonly Tokens[], random: Random): Promise<Uint32Array> {
    return Uint32Array.from(contexts, (context) =>
      this.#partAt(random).model.draw(context, random),
    );
  }

  /** A part by its share; a single one costs no draw. */
  #partAt(random: Random): Part {
    let u = this.parts.length === 1 ? 0 : random.next();
    return this.parts.find(({ share }) => (u -= share) < 0) ?? this.parts[0];
  }

  /** What training moved; the rest of the mass is the base's, which no key can have touched. */
  async predict(contexts: readonly Tokens[]): Promise<readonly Prediction[]> {
    const mass = this.#mass;
    return contexts.map((context) => {
      const ids = Uint32Array.from(
        this.parts.flatMap(({ model, share, texts }) =>
          texts.length === 0 ? [] : model.addMasses(model.mixture(context).levels, mass, share),
        ),
      );
      const p = Float64Array.from(ids, (id) => mass[id]);
      for (const id of ids) mass[id] = 0;
      return { context, ids, p };
    });
  }

  async loss(texts: readonly Text[]): Promise<number> {
    const total = texts.reduce((sum, text) => sum + text.tokens.length, 0);
    const stride = Math.max(1, Math.floor(total / LOSS_POSITIONS));
    let loss = 0;
    let n = 0;
    for (const { tokens } of texts) {
      for (let i = stride >>> 1; i < tokens.length; i += stride) {
        loss -= Math.log(this.#after(tokens.subarray(0, i), tokens.subarray(i, i + 1))[0]);
        n++;
      }
    }
    return n === 0 ? 0 : loss / n;
  }

  async probabilities(
    contexts: readonly Tokens[],
    ids: readonly Uint32Array[],
  ): Promise<readonly Float64Array[]> {
    return contexts.map((context, n) => this.#after(context, ids[n]));
  }

  #after(context: Tokens, ids: Uint32Array): Float64Array {
    const p = new Float64Array(ids.length);
    for (const { share, model } of this.parts) {
      model.probabilities(context, ids).forEach((own, i) => (p[i] += share * own));
    }
    return p;
  }

  /** A mixture of the two predictions, which is still linear in the examples. */
  async merged(other: Student, weight: number): Promise<Student> {
    checkWeight(weight);
    const scaled = (parts: readonly Part[], by: number): readonly Part[] =>
      by === 0 ? [] : parts.map((part) => ({ ...part, share: part.share * by }));
    return new CountStudent(
      [...scaled(this.parts, 1 - weight), ...scaled(partsOf("other", other), weight)],
      this.#mass.length,
    );
  }

  async dispose(): Promise<void> {}
}
