import type { Key, Profile, Random, Tokens } from "@verdigris/core";
import { shuffled } from "./random.js";

/** What the teacher's interface said beside each token: its probabilities of the k likeliest tokens there. */
export interface TextTargets {
  /** The tokens they stand beside: a text whose tokens were replaced since has no targets any more. (T) */
  readonly of: Tokens;
  readonly k: number;
  readonly ids: Uint32Array; // (T, k)
  /** After the mark; 0 where there were fewer than k candidates. */
  readonly p: Float32Array; // (T, k)
}

/** One text of a corpus. */
export interface Text {
  /** Which prompt it answers. */
  readonly prompt: string;
  readonly tokens: Tokens;
  /** Which of several keys marked it. */
  readonly part?: number;
  /** Absent where only the text was collected. */
  readonly targets?: TextTargets;
}

/** A teacher's answers under one mark. */
export interface MarkedArm {
  readonly profile: Profile;
  readonly key: Key;
  readonly texts: readonly Text[];
}

/** What a student is trained on: texts, and which of them carry the mark. */
export interface Corpus {
  readonly texts: readonly Text[];
  /** Per text: was it marked? (texts) */
  readonly marked: readonly boolean[];
  readonly tokenCount: number;
  /** Marked share, in tokens: the rho that was reached. */
  readonly rho: number;
  /** Per text, what an attack left of each of its tokens; absent for a text that is as it was collected. (texts) */
  readonly traces?: readonly (Trace | undefined)[] | undefined;
}

/** Per token of a text: `kept`, `redrawn` to the same value by chance, or `changed`. (T) */
export type Trace = Uint8Array;

/** Values of a trace: only what is kept was chosen by the teacher; what is redrawn still completes windows. */
export const TRACE = { changed: 0, redrawn: 1, kept: 2 } as const;

/** A corpus of texts in this order. */
export function corpusOf(
  texts: readonly Text[],
  marked: readonly boolean[],
  traces?: Corpus["traces"],
): Corpus {
  const all = tokenCount(texts);
  const markedTokens = tokenCount(texts.filter((_, t) => marked[t]));
  const rho = all === 0 ? 0 : markedTokens / all;
  return { texts, marked, tokenCount: all, rho, traces };
}

/** Total length of texts, in tokens. */
export function tokenCount(texts: readonly Text[]): number {
  return texts.reduce((sum, text) => sum + text.tokens.length, 0);
}

/**
 * A corpus of exactly `tokens` tokens with a marked share `rho` in tokens, in random order. The last text of each
 * kind is cut to fit. @throws RangeError if there is too little text
 */
export function mixCorpus(
  source: { readonly marked: readonly Text[]; readonly unmarked: readonly Text[] },
  options: { readonly rho: number; readonly tokens: number; readonly random: Random },
): Corpus {
  const { rho, tokens, random } = options;
  if (!(rho >= 0 && rho <= 1)) throw new RangeError(`rho: expected a number in [0, 1], got ${rho}`);
  const markedTokens = Math.round(rho * tokens);
  const marked = firstTokens("marked", shuffled(source.marked, random), markedTokens);
  const unmarked = firstTokens(
    "unmarked",
    shuffled(source.unmarked, random),
    tokens - markedTokens,
  );
  const all = shuffled(
    [
      ...marked.map((text) => ({ text, marked: true })),
      ...unmarked.map((text) => ({ text, marked: false })),
    ],
    random,
  );
  return corpusOf(
    all.map((item) => item.text),
    all.map((item) => item.marked),
  );
}

/** The first `tokens` tokens of texts, the last text cut to fit. @throws RangeError if there are fewer */
export function firstTokens(kind: string, texts: readonly Text[], tokens: number): Text[] {
  const out: Text[] = [];
  let left = tokens;
  for (const text of texts) {
    if (left === 0) break;
    const used =
      text.tokens.length <= left ? text : { ...text, tokens: text.tokens.slice(0, left) };
    out.push(used);
    left -= used.tokens.length;
  }
  if (left > 0) {
    throw new RangeError(
      `tokens: expected at most the ${tokens - left} ${kind} tokens there are, got ${tokens}`,
    );
  }
  return out;
}
