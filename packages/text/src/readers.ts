/** Suspect files as documents, in constant memory. */
import { stdin } from "node:process";

import { openFile, textOf } from "./byte-streams.js";
import type { Document, ReadProblem } from "./formats/format.js";
import { type TextFormat, formatOf, formats } from "./formats/index.js";

export type { Document, ReadProblem } from "./formats/format.js";
export { type TextFormat, textFormats } from "./formats/index.js";

export interface ReadOptions {
  /** Default: by the file's name, also with .gz, .br or .zst after it; else, and for "-", text. */
  readonly format?: TextFormat;
  /** Field or column that holds the text of a record. Default "text". */
  readonly field?: string;
  /** What "-" reads. Default: the process's standard input. */
  readonly stdin?: AsyncIterable<Uint8Array>;
}

/**
 * Documents of a file: one of a .txt or .md file, one per record of a .jsonl, .csv or .parquet file; "-" is
 * standard input. .gz, .br and .zst are decompressed (except Parquet); an unknown ending is read as text. Text
 * longer than 2^18 code units comes in parts, cut where the tokens stay the same.
 *
 * A record that cannot be used is a `ReadProblem` among the documents.
 * @throws VerdigrisError FILE_NOT_FOUND, FILE_UNREADABLE, FILE_EMPTY, FILE_BINARY, FILE_NOT_UTF8 or FILE_INVALID,
 * for a whole file.
 */
export async function* readDocuments(
  path: string,
  options: ReadOptions = {},
): AsyncGenerator<Document | ReadProblem, void, undefined> {
  const standard = path === "-";
  const name = standard ? "stdin" : path;
  const bytes = (): AsyncIterable<Uint8Array> =>
    standard ? (options.stdin ?? stdin) : openFile(path);
  const format = options.format ?? formatOf(path) ?? "text";
  yield* formats[format].read(
    { name, path: standard ? null : path, text: () => textOf(bytes(), name) },
    options.field ?? "text",
  );
}
