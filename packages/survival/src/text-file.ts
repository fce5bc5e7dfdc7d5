import { readFile } from "node:fs/promises";
import { VerdigrisError } from "@verdigris/core";
import { asFileError } from "@verdigris/text";

/** Reads a small text file. @throws VerdigrisError FILE_NOT_FOUND or FILE_UNREADABLE */
export function readTextFile(path: string): Promise<string> {
  return readFile(path, "utf8").catch((error: unknown) => {
    throw asFileError(error, path);
  });
}

/** Reads a JSON file. The error does not quote it: it may be a key given by mistake. @throws VerdigrisError FILE_* */
export async function readJson(path: string): Promise<unknown> {
  const text = await readTextFile(path);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new VerdigrisError("FILE_INVALID", `${path} is not JSON`);
  }
}
