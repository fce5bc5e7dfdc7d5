/** Files and standard input as checked UTF-8 text, chunk by chunk. */
import { createReadStream } from "node:fs";
import { type Duplex, type Readable, pipeline } from "node:stream";
import { TextDecoder } from "node:util";
import * as zlib from "node:zlib";

import { VerdigrisError } from "@verdigris/core";

import { asFileError } from "./file-errors.js";

/** Bytes looked at to tell text from binary data. */
const SNIFF_LENGTH = 8192;

/** The file's bytes, decompressed if its name ends in .gz, .br or .zst. */
export function openFile(path: string): Readable {
  const file = createReadStream(path);
  const decompress = decompressor(path);
  // The consumer sees every error on the last stream, so the callback has nothing to do.
  return decompress === null ? file : pipeline(file, decompress, () => {});
}

function decompressor(path: string): Duplex | null {
  const name = path.toLowerCase();
  if (name.endsWith(".gz")) return zlib.createGunzip();
  if (name.endsWith(".br")) return zlib.createBrotliDecompress();
  if (!name.endsWith(".zst")) return null;
  // Node has it from 22.15 on.
  if (zlib.createZstdDecompress !== undefined) return zlib.createZstdDecompress();
  throw new VerdigrisError("FILE_UNREADABLE", `${path} cannot be read: .zst needs Node 22.15`);
}

function binary(path: string, first: Uint8Array): VerdigrisError {
  const utf16 =
    (first[0] === 0xff && first[1] === 0xfe) || (first[0] === 0xfe && first[1] === 0xff);
  const hint = utf16 ? "it looks like UTF-16; convert it to UTF-8" : "it contains NUL bytes";
  return new VerdigrisError("FILE_BINARY", `${path} is not a text file: ${hint}`);
}

function decodeWith(decoder: TextDecoder, chunk: Uint8Array | undefined, where: string): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (cause) {
    throw new VerdigrisError("FILE_NOT_UTF8", `${where} is not UTF-8`, { cause });
  }
}

/**
 * Text of a stream of bytes. A byte order mark stays in the text.
 * @throws VerdigrisError FILE_NOT_FOUND, FILE_UNREADABLE, FILE_BINARY or FILE_NOT_UTF8, the last
 * possibly after text has been given out.
 */
export async function* textOf(
  bytes: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let n = 0;
  try {
    for await (const chunk of bytes) {
      const unsniffed = Math.max(0, SNIFF_LENGTH - n);
      if (chunk.subarray(0, unsniffed).includes(0)) throw binary(path, chunk);
      const text = decodeWith(decoder, chunk, `${path}, in the ${chunk.length} bytes after ${n},`);
      n += chunk.length;
      if (text !== "") yield text;
    }
    decodeWith(decoder, undefined, `${path}, at its end,`);
  } catch (error) {
    throw asFileError(error, path);
  }
}
