import type { Random, Scheme } from "@verdigris/core";
import type { Sampling } from "@verdigris/watermark";
import type { Lesson } from "../datasets/index.js";

/** What a live teacher is asked. */
export interface Teaching {
  /** The mark in its answers; null for none. */
  readonly scheme: Scheme | null;
  /** Randomness of the i-th answer. */
  readonly random: (i: number) => Random;
  readonly maxTokens: number;
  /** Default: the model's own distribution. */
  readonly sampling?: Sampling;
}

/** A model that answers prompts now, beside what was recorded. A new kind is one file and a line in index.ts. */
export interface Teacher {
  readonly kind: string;
  /** Answers in the order of the prompts; an empty answer stays in its place. */
  answer(prompts: readonly string[], teaching: Teaching): Promise<readonly Lesson[]>;
  dispose(): Promise<void>;
}
