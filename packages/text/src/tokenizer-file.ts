/** Tokenizers from files. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

import { VerdigrisError } from "@verdigris/core";

import { asFileError } from "./file-errors.js";
import { type Tokenizer, loadTokenizer } from "./tokenizer.js";

async function readJson<Content>(path: string): Promise<{ bytes: Uint8Array; content: Content }> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
  try {
    return { bytes, content: JSON.parse(bytes.toString("utf8")) as Content };
  } catch (cause) {
    throw new VerdigrisError("FILE_INVALID", `${path} is not JSON`, { cause });
  }
}

/**
 * The tokenizer of a `tokenizer.json` file, and of the `tokenizer_config.json` beside it if there is
 * one. `id` defaults to the name of the folder.
 * @throws VerdigrisError FILE_NOT_FOUND, FILE_UNREADABLE or FILE_INVALID.
 */
export async function readTokenizer(path: string, id?: string): Promise<Tokenizer> {
  const { bytes, content } = await readJson<Parameters<typeof loadTokenizer>[0]>(path);
  const folder = dirname(resolve(path));
  const configPath = join(folder, "tokenizer_config.json");
  const config = existsSync(configPath)
    ? (await readJson<Record<string, unknown>>(configPath)).content
    : {};
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  try {
    return loadTokenizer(content, { config, identity: { id: id ?? basename(folder), sha256 } });
  } catch (cause) {
    throw new VerdigrisError("FILE_INVALID", `${path} is not a tokenizer.json`, { cause });
  }
}
