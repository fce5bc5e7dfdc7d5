/** What each token covers of its text. */
import { type Tokenizer, tokenOffsets } from "@verdigris/text";
import type { KeptDocument } from "./collect.js";

/** Tokens as a reader finds them in the text. */
export interface Spelling {
  /** The text of each token, as it was given; together they are the text. (T) */
  readonly tokens: readonly string[];
  /** The same as it was scored, normalised. (T) */
  readonly read: readonly string[];
  /** Where each token starts in the text as it was given, and where the last ends, UTF-16 units; null without a text. (T + 1) */
  readonly places: Uint32Array | null;
}

/**
 * Tokens of a text that they do not spell, or that has none, stand for themselves: by their own bytes, else by their
 * ids.
 */
export function spelled({ tokens, text }: KeptDocument, tokenizer: Tokenizer | null): Spelling {
  if (tokenizer === null) return asThey(Array.from(tokens, (id) => `#${id} `));
  const whole = text?.normalised ?? tokenizer.decode(tokens);
  const boundaries = boundariesOf(tokenizer, tokens, whole);
  if (boundaries === null) return asThey(Array.from(tokens, (id) => alone(tokenizer, id)));
  const read = sliced(whole, boundaries);
  if (text === null) return asThey(read);
  const places = boundaries.map((at) => text.offsets[at]);
  // What was removed before the first token's characters belongs to it.
  places[0] = 0;
  return { tokens: sliced(text.original, places), read, places };
}

function asThey(tokens: readonly string[]): Spelling {
  return { tokens, read: tokens, places: null };
}

function sliced(text: string, boundaries: Uint32Array): readonly string[] {
  return Array.from(boundaries.subarray(1), (end, i) => text.slice(boundaries[i], end));
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
