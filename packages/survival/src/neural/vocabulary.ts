import type { Tokens } from "@verdigris/core";
import type { Text } from "../corpus.js";

/** Maps token ids to the student's own and back. Id 0 of the student stands for every token it does not know. */
export interface Vocabulary {
  /** (own) → token id; entry 0 is meaningless. */
  readonly ids: Uint32Array;
  encode(tokens: Tokens): Int32Array;
  /** All texts in one stream, the stand-in between them. */
  encodeAll(texts: readonly Text[]): Int32Array;
}

/** The `size` − 1 most frequent tokens of `base`, ties by id. */
export function frequentTokens(base: readonly Text[], size: number): Vocabulary {
  const counts = new Map<number, number>();
  for (const { tokens } of base)
    for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
  const frequent = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, size - 1);
  const ids = Uint32Array.from([0, ...frequent.map(([token]) => token)]);
  const own = new Map(frequent.map(([token], i) => [token, i + 1]));
  const encode = (tokens: Tokens): Int32Array =>
    Int32Array.from(tokens, (token) => own.get(token) ?? 0);
  return {
    ids,
    encode,
    encodeAll(texts: readonly Text[]): Int32Array {
      const stream = new Int32Array(texts.reduce((sum, text) => sum + text.tokens.length + 1, 0));
      let at = 0;
      for (const { tokens } of texts) {
        stream.set(encode(tokens), at + 1);
        at += tokens.length + 1;
      }
      return stream;
    },
  };
}
