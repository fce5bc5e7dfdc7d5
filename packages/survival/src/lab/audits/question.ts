import type { Random, Scheme } from "@verdigris/core";
import type { Draws, Prediction } from "@verdigris/detector";
import type { Text } from "../../corpus.js";
import type { Material } from "../../material.js";
import type { Apprenticeship, Student } from "../../students/index.js";

/** A student under audit, with what it answered already, and what the provider knows. */
export interface Subject {
  /** The mark under the audited key; a question is asked again under others. */
  readonly scheme: Scheme;
  readonly student: Student;
  readonly apprenticeship: Apprenticeship;
  /** The one-step draws, and the predictions of the open audit. */
  readonly draws: Draws;
  readonly predictions: readonly Prediction[];
  /** What was served with this key. */
  readonly served: readonly Text[];
  readonly heldOut: readonly Text[];
  readonly material: Material;
  /** Contexts that an audit of its own may ask for, at most. */
  readonly contexts: { readonly oneStep: number; readonly open: number };
  readonly random: Random;
}

/** What windows say under one key. */
interface Outcome {
  /** Coins or expected scores. */
  readonly n: number;
  /** Excess score, in the test's own weights. */
  readonly effect: number;
  /** log10 of the p-value, or of its bound 1/E. */
  readonly log10P: number;
}

/** What a test says under one key. */
export interface Answer extends Outcome {
  /** The answer by parts of the windows, in order, where the test looks at them apart. */
  readonly parts?: readonly AnswerPart[];
}

/** What a part of the windows says. */
export interface AnswerPart extends Outcome {
  readonly name: string;
}

/** A test's evidence as its answer. */
export function answerOf({ n, effect, log10P }: Outcome): Answer {
  return { n, effect, log10P };
}

/** One test, ready to be made under any key: contexts and answers are there, and none of them depends on the key. */
export interface Question {
  readonly test: string;
  /** What the auditor can see. */
  readonly access: "closed" | "open";
  under(scheme: Scheme): Answer;
}
