/** Text to token ids and back, for text that somebody typed. T tokens. */
import { Tokenizer as Library } from "@huggingface/tokenizers";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

import { WORD_END_PUNCTUATION, isWordBoundary } from "./boundaries.js";
import { tokenByteReader } from "./token-bytes.js";
import { type TokenizerJson, forPlainText, isByteLevel } from "./tokenizer-json.js";

/** Which tokenizer made the ids: a profile stores it, and a detector compares it. */
export interface TokenizerIdentity {
  readonly id: string;
  /** SHA-256 of the tokenizer.json file, hexadecimal. */
  readonly sha256: string;
}

/** A tokenizer bound to one vocabulary. */
export interface Tokenizer {
  /** Largest id + 1. A model's own V may be padded beyond it. */
  readonly vocabularySize: number;
  readonly identity: TokenizerIdentity;
  /** Control tokens. `encode` never returns one, whatever the text spells. */
  readonly specialTokens: ReadonlySet<number>;
  /** Ids of `text`; nothing is added at either end. (T) */
  encode(text: string): Uint32Array;
  /** Text of `ids`; special tokens are spelled out, invalid UTF-8 becomes U+FFFD. */
  decode(ids: Uint32Array): string;
  /**
   * Exact bytes of a token; for vocabularies that are not byte-level, the UTF-8 of its text. Empty
   * for an id the vocabulary skips.
   * @throws RangeError if `id` is not an integer in 0 … vocabularySize − 1.
   */
  bytes(id: number): Uint8Array;
}

export interface LoadTokenizerOptions {
  /** Content of `tokenizer_config.json`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Default: id "unnamed" and the digest of `JSON.stringify(json)`. */
  readonly identity?: TokenizerIdentity;
}

/** The part of the library that is used; its own declarations do not resolve under nodenext. */
interface LibraryTokenizer {
  encode(text: string, options: { add_special_tokens: false }): { ids: (number | undefined)[] };
  decode(ids: number[], options: { clean_up_tokenization_spaces: false }): string;
  readonly normalizer: ((text: string) => string) | null;
  readonly pre_tokenizer: ((text: string, options: { section_index: 0 }) => string[]) | null;
  readonly model: { readonly vocab: (string | undefined)[] };
}

type EncodePiece = (text: string) => readonly number[];

/** Longest cached piece, in UTF-16 code units: words, not blobs. */
const MAX_CACHED_LENGTH = 32;
const MAX_CACHED_PIECES = 1 << 16;

/** Asks the pre-tokenizer itself whether it always cuts where `isWordBoundary` says so. */
function cutsAtWordBoundaries(library: LibraryTokenizer, json: TokenizerJson): boolean {
  const { pre_tokenizer: preTokenizer, normalizer } = library;
  if (preTokenizer === null) return false;
  // Added tokens of plain text may reach over a space or swallow it.
  const reaching = (json.added_tokens ?? []).some(
    ({ special, lstrip, rstrip, content }) =>
      special !== true && (lstrip === true || rstrip === true || / [A-Za-z]/.test(content)),
  );
  if (reaching) return false;
  const cut = (text: string): string =>
    JSON.stringify(preTokenizer(normalizer?.(text) ?? text, { section_index: 0 }));
  return ["a", "Z", "n't", "1)", "\n\n x", ...WORD_END_PUNCTUATION].every((end) => {
    const [left, right] = [`One 12 two${end}`, " Three four"];
    return cut(left + right) === `${cut(left).slice(0, -1)},${cut(right).slice(1)}`;
  });
}

/** Encodes word by word through a cache: the library spends most of its time on words seen before. */
function wordEncoder(encodePiece: EncodePiece): (text: string) => Uint32Array {
  const cache = new Map<string, readonly number[]>();
  const encodeNew = (piece: string): readonly number[] => {
    const ids = encodePiece(piece);
    if (cache.size >= MAX_CACHED_PIECES) cache.clear();
    // A slice keeps its whole text alive; a joined copy does not.
    cache.set(piece.split("").join(""), ids);
    return ids;
  };
  return (text) => {
    const ids = new IdList(text.length >> 2);
    let start = 0;
    for (let i = 1; i <= text.length; i++) {
      if (i < text.length && !isWordBoundary(text, i)) continue;
      const piece = text.slice(start, i);
      ids.push(
        piece.length > MAX_CACHED_LENGTH
          ? encodePiece(piece)
          : (cache.get(piece) ?? encodeNew(piece)),
      );
      start = i;
    }
    return ids.toArray();
  };
}

/** A growing list of ids without boxing. */
class IdList {
  #ids: Uint32Array;
  #n = 0;

  constructor(capacity: number) {
    this.#ids = new Uint32Array(capacity + 16);
  }

  push(ids: readonly number[]): void {
    if (this.#n + ids.length > this.#ids.length) {
      const grown = new Uint32Array(2 * (this.#n + ids.length));
      grown.set(this.#ids.subarray(0, this.#n));
      this.#ids = grown;
    }
    for (const id of ids) this.#ids[this.#n++] = id;
  }

  toArray(): Uint32Array {
    return this.#ids.slice(0, this.#n);
  }
}

/** Bytes of every token, computed once each. */
function byteTable(
  json: TokenizerJson,
  vocab: readonly (string | undefined)[],
): Tokenizer["bytes"] {
  const read = tokenByteReader(json);
  const added = new Map((json.added_tokens ?? []).map(({ id, content }) => [id, content]));
  const table: (Uint8Array | undefined)[] = [];
  return (id) => {
    const known = table[id];
    if (known !== undefined) return known;
    if (!Number.isInteger(id) || id < 0 || id >= vocab.length) {
      throw new RangeError(`id must be an integer in 0 … ${vocab.length - 1}, got ${id}`);
    }
    const plain = added.get(id);
    return (table[id] = plain === undefined ? read(vocab[id] ?? "") : utf8ToBytes(plain));
  };
}

function bytesDecoder(bytes: Tokenizer["bytes"]): Tokenizer["decode"] {
  return (ids) => {
    let length = 0;
    for (const id of ids) length += bytes(id).length;
    const all = new Uint8Array(length);
    let offset = 0;
    for (const id of ids) {
      all.set(bytes(id), offset);
      offset += bytes(id).length;
    }
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(all);
  };
}

function libraryDecoder(library: LibraryTokenizer): Tokenizer["decode"] {
  const options = { clean_up_tokenization_spaces: false } as const;
  return (ids) => (ids.length === 0 ? "" : library.decode(Array.from(ids), options));
}

function createLibrary(json: TokenizerJson, options: LoadTokenizerOptions): LibraryTokenizer {
  if (json === null || typeof json !== "object" || json.model?.vocab === undefined) {
    throw new TypeError(
      `json must be the content of a tokenizer.json (an object with model.vocab), got ${typeof json}`,
    );
  }
  const library = new Library(forPlainText(json), options.config ?? {});
  return library as unknown as LibraryTokenizer;
}

/**
 * A tokenizer from the content of a Hugging Face `tokenizer.json`.
 * @throws TypeError if `json` is something else.
 */
export function loadTokenizer(json: TokenizerJson, options: LoadTokenizerOptions = {}): Tokenizer {
  const library = createLibrary(json, options);
  const encodePiece: EncodePiece = (text) =>
    // An id is missing where the vocabulary has neither the token nor one for unknown text.
    library.encode(text, { add_special_tokens: false }).ids.filter((id) => id !== undefined);
  const byWord = cutsAtWordBoundaries(library, json);
  const { vocab } = library.model;
  const specials = (json.added_tokens ?? []).filter(({ special }) => special === true);
  // The encoder must not know them; the decoder must.
  for (const { id, content } of specials) vocab[id] = content;
  const bytes = byteTable(json, vocab);
  return {
    vocabularySize: vocab.length,
    identity: options.identity ?? {
      id: "unnamed",
      sha256: bytesToHex(sha256(utf8ToBytes(JSON.stringify(json)))),
    },
    specialTokens: new Set(specials.map(({ id }) => id)),
    encode: byWord ? wordEncoder(encodePiece) : (text) => Uint32Array.from(encodePiece(text)),
    decode: isByteLevel(json) ? bytesDecoder(bytes) : libraryDecoder(library),
    bytes,
  };
}
