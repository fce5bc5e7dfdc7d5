/** A student's own vocabulary: how it reads the teacher's tokens, and which of its own the teacher has too. */
import type { Tokens } from "@verdigris/core";
import type { Speller } from "@verdigris/detector";
import type { Tokenizer } from "@verdigris/text";
import type { Text } from "../corpus.js";

/** Id 0 of the student stands for everything it does not know. */
export interface Vocabulary {
  /** Own V. */
  readonly size: number;
  /** Own ids that are exactly one token of the teacher's each, ascending. (known) */
  readonly own: Uint32Array;
  /** Those tokens. (known) */
  readonly ids: Uint32Array;
  encode(tokens: Tokens): Int32Array;
  /** Own id of one token where both read text in the same pieces; absent where they do not. */
  readonly ofToken?: (token: number) => number;
  /** Its own pieces as ids, where they are not the teacher's tokens. */
  readonly speller?: Speller;
}

/** The most frequent items, most frequent first, the smaller of two equals first. */
function mostFrequent<Item>(items: Iterable<Item>, count: number): readonly Item[] {
  const counts = new Map<Item, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, count)
    .map(([item]) => item);
}

function* all<Item>(lists: Iterable<Iterable<Item>>): Iterable<Item> {
  for (const list of lists) yield* list;
}

/** The teacher's own tokens: the `size` − 1 most frequent ones of `base`. */
export function frequentTokens(base: readonly Text[], size: number): Vocabulary {
  const frequent = mostFrequent(all(base.map((text) => text.tokens)), size - 1);
  const own = new Map(frequent.map((token, i) => [token, i + 1]));
  const ofToken = (token: number): number => own.get(token) ?? 0;
  return {
    size: frequent.length + 1,
    own: Uint32Array.from(frequent.keys(), (i) => i + 1),
    ids: Uint32Array.from(frequent),
    encode: (tokens) => Int32Array.from(tokens, ofToken),
    ofToken,
  };
}

/** Words with the space before them, numbers, and runs of other signs or of space. */
export function splitWords(text: string): readonly string[] {
  return text.match(/ ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+/gu) ?? [];
}

/** Pieces of text other than the teacher's tokens. */
export interface OwnPieces {
  /** The teacher's tokenizer, which turns its tokens back into text. */
  readonly teacher: Tokenizer;
  /** Cuts a text into pieces that make it up. */
  readonly split: (text: string) => readonly string[];
}

/** A vocabulary of its own: the `size` − 1 most frequent pieces of `base`. Everything passes through text. */
export function frequentPieces(
  base: readonly Text[],
  size: number,
  { teacher, split }: OwnPieces,
): Vocabulary {
  const pieces = (tokens: Tokens): readonly string[] => split(teacher.decode(tokens));
  const frequent = mostFrequent(all(base.map((text) => pieces(text.tokens))), size - 1);
  const own = new Map(frequent.map((piece, i) => [piece, i + 1]));
  const shared = frequent
    .map((piece, i) => ({ own: i + 1, tokens: teacher.encode(piece) }))
    .filter(({ tokens }) => tokens.length === 1);
  return {
    size: frequent.length + 1,
    own: Uint32Array.from(shared, (entry) => entry.own),
    ids: Uint32Array.from(shared, ({ tokens }) => tokens[0]),
    encode: (tokens) => Int32Array.from(pieces(tokens), (piece) => own.get(piece) ?? 0),
    speller: spellerOf(frequent, split),
  };
}

/** Pieces it does not know get ids beyond its vocabulary: they have an end, but are nobody's answer. */
function spellerOf(known: readonly string[], split: OwnPieces["split"]): Speller {
  const pieces = ["", ...known];
  const ids = new Map(pieces.map((piece, id) => [piece, id]));
  const idOf = (piece: string): number => {
    const id = ids.get(piece) ?? pieces.push(piece) - 1;
    ids.set(piece, id);
    return id;
  };
  const encoder = new TextEncoder();
  return {
    vocabularySize: pieces.length,
    specialTokens: new Set([0]),
    encode: (text) => Uint32Array.from(split(text), idOf),
    bytes: (id) => encoder.encode(pieces[id]),
  };
}
