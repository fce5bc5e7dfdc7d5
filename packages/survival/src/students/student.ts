import type { Random, Tokens } from "@verdigris/core";
import type { Prediction, Speller } from "@verdigris/detector";
import type { ContextIndex } from "../context-index.js";
import type { Corpus, Text } from "../corpus.js";

/** A model under audit. Contexts hold at least as many tokens as the mark's h; a student uses what it can. */
export interface Student {
  /** One token per context, drawn from the student's own distribution: closed access. (N) */
  draw(contexts: readonly Tokens[], random: Random): Promise<Uint32Array>;
  /** Next-token probabilities: open access. (N) */
  predict(contexts: readonly Tokens[]): Promise<readonly Prediction[]>;
  /** Probability of each of `ids` after its context; absent where `predict` names every token the student knows. (N, K) */
  probabilities?(
    contexts: readonly Tokens[],
    ids: readonly Uint32Array[],
  ): Promise<readonly Float64Array[]>;
  /** Mean negative log-likelihood of texts it was not trained on, nats per token. */
  loss(texts: readonly Text[]): Promise<number>;
  /** The same student with weights rounded to `bits` bits; absent where there are no weights to round. */
  quantised?(bits: number): Promise<Student>;
  /** This student and another of the same apprenticeship in one, which counts `weight` in [0, 1]; both stay as they are. */
  merged?(other: Student, weight: number): Promise<Student>;
  dispose(): Promise<void>;
}

/** How a kind of student learns. A new kind is one file and a line in `students/index.ts`. */
export interface Apprenticeship {
  readonly kind: string;
  /** The gain A of the survival law: exactly 1 for count students, fitted once for neural ones. */
  readonly gain: number;
  /** Inertia κ of the law's leverage, in examples of a window. */
  readonly inertia: number;
  /** Longest context, in tokens, whose examples the law's leverage counts. */
  readonly order: number;
  /** Where the law finds the index of a corpus, if training will look at the same one. */
  readonly indexOf?: (texts: readonly Text[], order: number) => ContextIndex;
  /** How it reads text, where that is not in the teacher's tokens. */
  readonly speller?: Speller;
  /** The student as it is before it sees the corpus. */
  untrained(): Promise<Student>;
  /**
   * Trains on a corpus; the same corpus and random stream give the same student. With `from`, goes on from where that
   * student is, which stays as it is. @throws RangeError if `from` comes from another kind of apprenticeship
   */
  train(corpus: Corpus, random: Random, from?: Student): Promise<Student>;
}

/** @throws RangeError for a share of a merged student outside [0, 1] */
export function checkWeight(weight: number): void {
  if (weight >= 0 && weight <= 1) return;
  throw new RangeError(`weight: expected a number in [0, 1], got ${weight}`);
}
