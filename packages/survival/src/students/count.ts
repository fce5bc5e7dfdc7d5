import type { Random, Tokens } from "@verdigris/core";
import type { Prediction } from "@verdigris/detector";
import { ContextIndex } from "../context-index.js";
import type { Corpus, Text } from "../corpus.js";
import { type BaseModel, CountModel, uniformModel } from "../count-model.js";
import type { Apprenticeship, Student } from "./student.js";

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

/** Held-out positions that a loss looks at: counting is slow, the mean is not delicate. */
const LOSS_POSITIONS = 4000;

/**
 * The count student: a hierarchical Dirichlet model on top of a base model from human text. Its prediction is linear
 * in the training examples, so the survival law holds for it with gain 1 (survival law, linear-student theorem).
 */
export function countStudent(options: CountStudentOptions): Apprenticeship {
  const { vocabularySize, order, inertia } = options;
  const base = baseModel(options);
  return {
    kind: "count",
    gain: 1,
    inertia,
    order,
    untrained: async () => studentOf(base, null, vocabularySize),
    async train(corpus: Corpus): Promise<Student> {
      const texts = corpus.texts.map((text) => text.tokens);
      const index = new ContextIndex(texts, { order, vocabularySize });
      const model = new CountModel(index, { inertia, shortest: 1, base });
      return studentOf(model, model, vocabularySize);
    },
  };
}

/** Trigram counts of human text over the uniform distribution: what the student knew before. */
function baseModel({ vocabularySize, base }: CountStudentOptions): BaseModel {
  const index = new ContextIndex(
    base.map((text) => text.tokens),
    { order: 2, vocabularySize },
  );
  return new CountModel(index, { inertia: 5, shortest: 0, base: uniformModel(vocabularySize) });
}

/** `counts` holds what training moved; the rest of the mass is the base's, which no key can have touched. */
function studentOf(model: BaseModel, counts: CountModel | null, vocabularySize: number): Student {
  const mass = new Float64Array(vocabularySize);
  return {
    async draw(contexts: readonly Tokens[], random: Random): Promise<Uint32Array> {
      return Uint32Array.from(contexts, (context) => model.draw(context, random));
    },
    async predict(contexts: readonly Tokens[]): Promise<readonly Prediction[]> {
      return contexts.map((context) => {
        const ids = Uint32Array.from(counts?.addMasses(context, mass) ?? []);
        const p = new Float64Array(ids.length);
        for (let i = 0; i < ids.length; i++) {
          p[i] = mass[ids[i]];
          mass[ids[i]] = 0;
        }
        return { context, ids, p };
      });
    },
    loss: async (texts: readonly Text[]): Promise<number> => meanLoss(model, texts),
    dispose: async () => {},
  };
}

function meanLoss(model: BaseModel, texts: readonly Text[]): number {
  const total = texts.reduce((sum, text) => sum + text.tokens.length, 0);
  const stride = Math.max(1, Math.floor(total / LOSS_POSITIONS));
  let loss = 0;
  let n = 0;
  for (const { tokens } of texts) {
    for (let i = stride >>> 1; i < tokens.length; i += stride) {
      loss -= Math.log(model.probability(tokens.subarray(0, i), tokens[i]));
      n++;
    }
  }
  return n === 0 ? 0 : loss / n;
}
