import type { Random, Tokens } from "@verdigris/core";
import type { Prediction } from "@verdigris/detector";
import type { Corpus, Text } from "../corpus.js";

/** A model under audit. Contexts hold at least as many tokens as the mark's h; a student uses what it can. */
export interface Student {
  /** One token per context, drawn from the student's own distribution: closed access. (N) */
  draw(contexts: readonly Tokens[], random: Random): Promise<Uint32Array>;
  /** Next-token probabilities: open access. (N) */
  predict(contexts: readonly Tokens[]): Promise<readonly Prediction[]>;
  /** Mean negative log-likelihood of texts it was not trained on, nats per token. */
  loss(texts: readonly Text[]): Promise<number>;
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
  /** The student as it is before it sees the corpus. */
  untrained(): Promise<Student>;
  /** Trains on a corpus; the same corpus and random stream give the same student. */
  train(corpus: Corpus, random: Random): Promise<Student>;
}
