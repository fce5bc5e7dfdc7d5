/** Cutting long text into parts that have the same tokens as the whole. */
import { isWordBoundary } from "./boundaries.js";

/** Longest part, in UTF-16 code units: what a document costs in memory. */
export const PART_LENGTH = 1 << 18;

/** Two more, so that the cut depends on the text alone and not on how it arrived. */
const LONG = PART_LENGTH + 2;

/** How far before the limit a good place is looked for. */
const SEARCH_LENGTH = 1 << 15;

/** Second-best places, for text without spaces: before a line break or a mark that ends a word. */
const FALLBACKS = [/(?<=\p{L})(?=\n)/gu, /(?<=\p{L})(?=[、。，！？；：])/gu, /(?<=\S)(?=\s)/gu];

function fallback(text: string, from: number, limit: number): number {
  const tail = text.slice(from, limit);
  for (const pattern of FALLBACKS) {
    const last = [...tail.matchAll(pattern)].at(-1);
    if (last !== undefined && last.index > 0) return from + last.index;
  }
  // Nothing to cut at (a blob): not inside a surrogate pair, nor between a base and its marks.
  let at = limit;
  while (at > from + 1 && /^[\p{M}\u200d\udc00-\udfff]/u.test(text.slice(at, at + 2))) at--;
  return at;
}

/** Where to cut `text`, of more than `limit` code units, so that the first part has at most `limit`. */
export function cutPlace(text: string, limit: number): number {
  const from = Math.max(0, limit - SEARCH_LENGTH);
  for (let at = limit; at > from; at--) if (isWordBoundary(text, at)) return at;
  return fallback(text, from, limit);
}

/** One part of a text. */
export interface Part {
  readonly text: string;
  /** Counts from 0. */
  readonly part: number;
  readonly last: boolean;
}

/** Re-cuts a stream of text into parts; at least one, the last of them marked. */
export async function* intoParts(chunks: AsyncIterable<string>): AsyncGenerator<Part> {
  let rest = "";
  let part = 0;
  for await (const chunk of chunks) {
    rest += chunk;
    while (rest.length >= LONG) {
      const at = cutPlace(rest, PART_LENGTH);
      yield { text: rest.slice(0, at), part: part++, last: false };
      rest = rest.slice(at);
    }
  }
  yield { text: rest, part, last: true };
}

/** Cuts a text that is in memory. */
export function* partsOf(text: string): Generator<Part> {
  let start = 0;
  let part = 0;
  while (text.length - start >= LONG) {
    const length = cutPlace(text.slice(start, start + LONG), PART_LENGTH);
    yield { text: text.slice(start, start + length), part: part++, last: false };
    start += length;
  }
  yield { text: text.slice(start), part, last: true };
}
