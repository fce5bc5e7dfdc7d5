/** What each token covers of its text. */
import { type Tokenizer, tokenOffsets } from "@verdigris/text";
import type { KeptDocument } from "./collect.js";

/**
 * The text of each token; together they are the text. Tokens of a text that they do not spell, or that has none, stand
 * for themselves: by their own bytes, else by their ids. (T)
 */
export function spelled(
  { tokens, text }: KeptDocument,
  tokenizer: Tokenizer | null,
): readonly string[] {
  if (tokenizer === null) return Array.from(tokens, (id) => `#${id} `);
  const whole = text ?? tokenizer.decode(tokens);
  const boundaries = boundariesOf(tokenizer, tokens, whole);
  if (boundaries === null) return Array.from(tokens, (id) => alone(tokenizer, id));
  return Array.from(tokens, (_, i) => whole.slice(boundaries[i], boundaries[i + 1]));
}

function boundariesOf(tokenizer: Tokenizer, tokens: Uint32Array, text: string): Uint32Array | null {
  try {
    return tokenOffsets(tokenizer, tokens, text);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function alone(tokenizer: Tokenizer, id: number): string {
  if (id >= tokenizer.vocabularySize) return `#${id} `;
  return new TextDecoder().decode(tokenizer.bytes(id));
}
