/** Where tokens lie in their text. T tokens. */
import type { Tokenizer } from "./tokenizer.js";

const SPACE = 32;

function spelledBytes(tokenizer: Tokenizer, character: string): ReadonlySet<number> {
  const ids = [...tokenizer.encode(character)].filter((id) => !tokenizer.specialTokens.has(id));
  return new Set(ids.flatMap((id) => [...tokenizer.bytes(id)]));
}

/** Walks through UTF-8 and counts the UTF-16 code units of the characters that are complete. */
class Utf8Cursor {
  readonly #bytes: Uint8Array;
  /** Bytes passed. */
  at = 0;
  /** UTF-16 code units of the characters passed entirely. */
  units = 0;
  /** Code units of the character under way. */
  #pending = 1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get byte(): number | undefined {
    return this.#bytes[this.at];
  }

  step(): void {
    const byte = this.#bytes[this.at++];
    // Four bytes in UTF-8 are a surrogate pair in UTF-16.
    if ((byte & 0xc0) !== 0x80) this.#pending = byte >= 0xf0 ? 2 : 1;
    const next = this.#bytes[this.at];
    if (next === undefined || (next & 0xc0) !== 0x80) this.units += this.#pending;
  }
}

/**
 * Boundaries of tokens in `text`: token i covers `text.slice(b[i], b[i + 1])`. (T + 1)
 *
 * A character split over several tokens belongs to the last of them; the others, and special
 * tokens, cover nothing. Units: UTF-16 code units.
 * @throws RangeError if `ids` do not spell `text`, as for a tokenizer that lower-cases.
 */
export function tokenOffsets(tokenizer: Tokenizer, ids: Uint32Array, text: string): Uint32Array {
  const cursor = new Utf8Cursor(new TextEncoder().encode(text));
  const boundaries = new Uint32Array(ids.length + 1);
  // A byte the vocabulary lacks: the encoder dropped it, so the ids do not spell it.
  const isUnspelled = (): boolean => {
    const character = text.codePointAt(cursor.units);
    if (character === undefined || cursor.byte === undefined) return false;
    return !spelledBytes(tokenizer, String.fromCodePoint(character)).has(cursor.byte);
  };
  ids.forEach((id, i) => {
    const bytes = tokenizer.specialTokens.has(id) ? [] : tokenizer.bytes(id);
    for (const byte of bytes) {
      while (cursor.byte !== byte && isUnspelled()) cursor.step();
      // SentencePiece puts a space before the text.
      if (cursor.at === 0 && byte === SPACE && cursor.byte !== SPACE) continue;
      if (cursor.byte !== byte) throw mismatch(i, cursor.units);
      cursor.step();
    }
    boundaries[i + 1] = cursor.units;
  });
  while (isUnspelled()) cursor.step();
  if (cursor.byte !== undefined) throw mismatch(ids.length, cursor.units);
  boundaries[ids.length] = ids.length === 0 ? 0 : text.length;
  return boundaries;
}

function mismatch(token: number, units: number): RangeError {
  return new RangeError(`ids must spell the text: token ${token} does not, at offset ${units}`);
}
