import { type Corpus, TRACE, type Text, corpusOf } from "../corpus.js";
import type { Surroundings } from "./training-attack.js";

/** Tokens of context given to the model that draws. */
const CONTEXT = 64;

/**
 * A corpus with the chosen tokens drawn anew by the untrained student, each after the text as it stands by then. A text's
 * first token stays: nothing comes before it.
 * @param chosen per text, 1 for each token to draw anew (texts, T)
 */
export async function redrawn(
  { texts, marked, traces }: Corpus,
  chosen: readonly Uint8Array[],
  { apprenticeship, random }: Pick<Surroundings, "apprenticeship" | "random">,
): Promise<Corpus> {
  const copies = texts.map((text, t) => copyOf(text, traces?.[t]));
  const longest = texts.reduce((most, { tokens }) => Math.max(most, tokens.length), 0);
  const model = await apprenticeship.untrained();
  for (let i = 1; i < longest; i++) {
    const changing = copies.filter((_, t) => chosen[t][i] === 1);
    const contexts = changing.map(({ tokens }) => tokens.subarray(Math.max(0, i - CONTEXT), i));
    const drawn = contexts.length === 0 ? [] : await model.draw(contexts, random);
    changing.forEach((copy, k) => change(copy, i, drawn[k]));
  }
  await model.dispose();
  return corpusOf(
    copies,
    marked,
    copies.map(({ trace }) => trace),
  );
}

interface Copy extends Text {
  readonly trace: Uint8Array;
}

function copyOf({ prompt, tokens }: Text, trace?: Uint8Array): Copy {
  const kept = trace?.slice() ?? new Uint8Array(tokens.length).fill(TRACE.kept);
  return { prompt, tokens: tokens.slice(), trace: kept };
}

function change({ tokens, trace }: Copy, i: number, token: number): void {
  trace[i] = tokens[i] === token ? Math.min(trace[i], TRACE.redrawn) : TRACE.changed;
  tokens[i] = token;
}
