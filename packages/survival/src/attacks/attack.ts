import type { Random, Tokens } from "@verdigris/core";

/** What an attack may draw on. */
export interface AttackOptions {
  /** Share of the units that are attacked, in [0, 1]; what it does to the text is measured by `editRate`. */
  readonly strength: number;
  readonly random: Random;
  /** Text that somebody else wrote: a source of words and of passages. */
  readonly foreign: string;
}

/** Changes a marked text without a language model. The result is read back like any suspect text. */
export interface Attack {
  readonly name: string;
  /** What `strength` counts. */
  readonly unit: "character" | "word" | "sentence" | "text";
  apply(text: string, options: AttackOptions): string;
}

/** Changes the token ids themselves, for laws that retokenisation would blur. */
export interface TokenAttack {
  readonly name: string;
  /** `V`: vocabulary size; ids below `first` are special and never written. */
  apply(
    tokens: Tokens,
    options: Pick<AttackOptions, "strength" | "random"> & {
      readonly V: number;
      readonly first: number;
    },
  ): Tokens;
}
