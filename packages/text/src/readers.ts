/** Suspect files as documents, in constant memory. */
import { stdin } from "node:process";

import { VerdigrisError } from "@verdigris/core";

import { openFile, textOf } from "./byte-streams.js";
import { type Line, MAX_LINE_LENGTH, linesOf } from "./lines.js";
import { intoParts, partsOf } from "./parts.js";
import { parseRecord } from "./records.js";

/** A text, or a part of a long one: parts of one document share its id and come in order. */
export interface Document {
  readonly kind: "document";
  /** The record's own id, else "path:line", or the path of a text file. */
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
  /** Counts from 1. */
  readonly line?: number;
  readonly message: string;
}

export type TextFormat = "text" | "jsonl";

export interface ReadOptions {
  /** Default: jsonl for .jsonl and .ndjson (also with .gz or .br), else text; "-" is text. */
  readonly format?: TextFormat;
  /** Field of a JSONL record that holds the text. Default "text". */
  readonly field?: string;
  /** What "-" reads. Default: the process's standard input. */
  readonly stdin?: AsyncIterable<Uint8Array>;
}

function formatOf(path: string): TextFormat {
  return /\.(jsonl|ndjson)(\.gz|\.br)?$/i.test(path) ? "jsonl" : "text";
}

function empty(path: string): VerdigrisError {
  return new VerdigrisError("FILE_EMPTY", `${path} contains no text`);
}

async function* readText(chunks: AsyncIterable<string>, id: string): AsyncGenerator<Document> {
  let blank = true;
  for await (const part of intoParts(chunks)) {
    blank &&= part.text.trim() === "";
    if (blank && part.last) throw empty(id);
    yield { kind: "document", id, ...part };
  }
}

function* readLine(line: Line, path: string, field: string): Generator<Document | ReadProblem> {
  const place = { path, line: line.number };
  if (line.kind === "too-long") {
    yield { kind: "problem", ...place, message: `longer than ${MAX_LINE_LENGTH} characters` };
    return;
  }
  const record = parseRecord(line.text, field);
  if (record.kind === "problem") {
    yield { ...record, ...place };
    return;
  }
  const { id = `${path}:${line.number}`, text, ...rest } = record;
  const parts = rest.tokens === undefined ? partsOf(text) : [{ text, part: 0, last: true }];
  for (const part of parts) yield { ...rest, id, ...part, kind: "document" };
}

async function* readJsonl(
  chunks: AsyncIterable<string>,
  path: string,
  field: string,
): AsyncGenerator<Document | ReadProblem> {
  let n = 0;
  for await (const line of linesOf(chunks)) {
    // A byte order mark is legal before the first record, but not JSON.
    const text = line.kind === "line" ? line.text.replace(/^\ufeff/, "") : "";
    if (line.kind === "line" && text.trim() === "") continue;
    n++;
    yield* readLine(line.kind === "line" ? { ...line, text } : line, path, field);
  }
  if (n === 0) throw empty(path);
}

/**
 * Documents of a .txt or .md file (one per file) or of a .jsonl file (one per line); "-" is standard
 * input. .gz and .br are decompressed; an unknown extension is read as text. Text longer than 2^18
 * code units comes in parts, cut where the tokens stay the same.
 *
 * A line that cannot be used is a `ReadProblem` among the documents.
 * @throws VerdigrisError FILE_NOT_FOUND, FILE_UNREADABLE, FILE_EMPTY, FILE_BINARY or FILE_NOT_UTF8,
 * for a whole file.
 */
export async function* readDocuments(
  path: string,
  options: ReadOptions = {},
): AsyncGenerator<Document | ReadProblem, void, undefined> {
  const standard = path === "-";
  const name = standard ? "stdin" : path;
  const bytes: AsyncIterable<Uint8Array> = standard ? (options.stdin ?? stdin) : openFile(path);
  const chunks = textOf(bytes, name);
  if ((options.format ?? formatOf(path)) === "jsonl") {
    yield* readJsonl(chunks, name, options.field ?? "text");
  } else {
    yield* readText(chunks, name);
  }
}
