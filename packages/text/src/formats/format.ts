/** What every file format does: bytes in, documents out. */
import { VerdigrisError } from "@verdigris/core";

/** A text, or a part of a long one: parts of one document share its id and come in order. */
export interface Document {
  readonly kind: "document";
  /** The record's own id, else "path:line" (in a table the row), or the path of a text file. */
  readonly id: string;
  /** As read: not normalised, a byte order mark included. */
  readonly text: string;
  /** Counts from 0. */
  readonly part: number;
  readonly last: boolean;
  /** Ids recorded with the text. Such a document always has a single part. */
  readonly tokens?: Uint32Array;
  /** What the text's writer was shown. */
  readonly prompt?: string;
  readonly promptTokens?: Uint32Array;
}

/** A record that cannot be used; the ones after it are still read. */
export interface ReadProblem {
  readonly kind: "problem";
  readonly path: string;
  /** Counts from 1; in a table the row, a header included. */
  readonly line?: number;
  readonly message: string;
}

/** Where a format reads from. */
export interface Source {
  /** For messages and ids: the path, or "stdin". */
  readonly name: string;
  /** The file, for a format that has to jump about in it; null for standard input. */
  readonly path: string | null;
  /** Checked UTF-8 text, decompressed. */
  readonly text: () => AsyncIterable<string>;
}

/** A file format: one file of its own, and one line in the registry. Heavy parsers are loaded when first read with. */
export interface Format {
  /** Lower case, with the dot, without the ending of a compressed file. */
  readonly extensions: readonly string[];
  /** @param field holds the text of a record */
  readonly read: (source: Source, field: string) => AsyncGenerator<Document | ReadProblem>;
}

/** The error of a file in which there is nothing to read. */
export function emptyFile(name: string): VerdigrisError {
  return new VerdigrisError("FILE_EMPTY", `${name} contains no text`);
}

/** The error of a table in which no column holds the text. */
export function noColumn(name: string, field: string, columns: readonly string[]): VerdigrisError {
  const known = columns.slice(0, 8).join(", ");
  return new VerdigrisError("FILE_INVALID", `${name}: no column "${field}"; the file has ${known}`);
}
