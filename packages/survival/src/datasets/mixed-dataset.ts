import type { Random, Tokens } from "@verdigris/core";
import { type Text, mixCorpus } from "../corpus.js";
import type { Example } from "./dataset-format.js";

/** A teacher's answer with the prompt it was given. */
export interface Lesson extends Example {
  /** The answer as token ids: what ρ is counted in. */
  readonly tokens: Tokens;
}

/** Examples in training order, and what they hold. */
export interface MixedDataset {
  readonly examples: readonly Example[];
  readonly tokens: number;
  /** Marked share that was reached, in tokens. */
  readonly rho: number;
}

/**
 * Marked and unmarked answers as one dataset of exactly `tokens` tokens, a share ρ of them marked, in random order. The
 * last answer of each kind is cut to fit. @throws RangeError if there is too little text
 */
export function mixedDataset(
  source: { readonly marked: readonly Lesson[]; readonly unmarked: readonly Lesson[] },
  options: {
    readonly rho: number;
    readonly tokens: number;
    readonly random: Random;
    readonly decode: (tokens: Tokens) => string;
  },
): MixedDataset {
  const lessons = [...source.marked, ...source.unmarked];
  const texts = lessons.map(({ tokens }, i): Text => ({ prompt: String(i), tokens }));
  const cut = source.marked.length;
  const corpus = mixCorpus({ marked: texts.slice(0, cut), unmarked: texts.slice(cut) }, options);
  const examples = corpus.texts.map(({ prompt: index, tokens }): Example => {
    const { prompt, answer, tokens: whole } = lessons[Number(index)];
    return {
      prompt,
      answer: tokens.length === whole.length ? answer : options.decode(tokens),
    };
  });
  return { examples, tokens: corpus.tokenCount, rho: corpus.rho };
}
