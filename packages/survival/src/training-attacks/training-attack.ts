import type { Random, Scheme, Tokens } from "@verdigris/core";
import type { Tokenizer } from "@verdigris/text";
import type { Corpus, Text } from "../corpus.js";
import type { Learner, TeacherExcess } from "../law.js";
import type { Apprenticeship, Student } from "../students/index.js";

/** What an attack asks of the thief, beyond collecting the corpus and training on it. */
export interface AttackBudget {
  /** Further answers that he has to ask of somebody. */
  readonly queries: number;
  /** Text without the mark that he needs, in tokens. */
  readonly cleanTokens: number;
  /** Further compute, as a share of one pass of training over the corpus; a forward pass is a third of that. */
  readonly computeShare: number;
}

/** What the thief has at hand. He knows neither the key nor the width of the mark. */
export interface Surroundings {
  readonly apprenticeship: Apprenticeship;
  /** Text without the mark. */
  readonly cleanTexts: readonly Text[];
  /** Answers of other providers, which carry marks of theirs. */
  readonly foreignTexts?: readonly Text[];
  /** The teacher's tokenizer, for attacks that go through text. */
  readonly tokenizer?: Pick<Tokenizer, "encode" | "decode">;
  /** A language model that puts a text in other words. */
  readonly rewrite?: (text: string) => Promise<string>;
  readonly vocabularySize: number;
  readonly random: Random;
}

/** What the law needs to know to say what an attack leaves. */
export interface AttackTarget {
  readonly scheme: Scheme;
  /** The corpus that the student was trained on, after the attack's corpus stage. */
  readonly corpus: Corpus;
  readonly learner: Learner;
  readonly contexts: readonly Tokens[];
  readonly excess: TeacherExcess;
}

/**
 * What a thief does between collecting a marked corpus and serving the student, to lose the mark: to the corpus, to the
 * trained student, or both. A new one is one file and its lines in `index.ts`.
 */
export interface TrainingAttack {
  readonly kind: string;
  /** Texts that it reads beside the corpus. */
  readonly reads: readonly ("cleanTexts" | "foreignTexts")[];
  /** What this attack on this corpus, as collected, asks for. */
  budget(corpus: Corpus): AttackBudget;
  /** The corpus to train on instead. Its `traces` tell the law what is left of the mark. */
  corpus?(corpus: Corpus, surroundings: Surroundings): Promise<Corpus>;
  /**
   * The student to serve instead of one that was trained on `corpus`, the attacked one. The given student stays as it is,
   * and must live as long as the new one.
   */
  student?(student: Student, corpus: Corpus, surroundings: Surroundings): Promise<Student>;
  /**
   * The factor of the student stage on the excess that the law forecasts from the attacked corpus; 1 without such a stage.
   * Absent where the law has no closed form: that the attack looked at what the mark did is one reason.
   */
  retained?(target: AttackTarget, surroundings: Surroundings): number;
}

/** @throws RangeError naming what a thief would need for this attack */
export function needed<T>(name: string, value: T | undefined, attack: string): T {
  if (value !== undefined) return value;
  throw new RangeError(`${name}: expected one for the attack ${attack}, got none`);
}
