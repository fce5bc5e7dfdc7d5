import { readFile } from "node:fs/promises";
import { VerdigrisError } from "@verdigris/core";

/** Reads a small text file. @throws VerdigrisError FILE_NOT_FOUND or FILE_UNREADABLE */
export async function readTextFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT")
      throw new VerdigrisError("FILE_NOT_FOUND", `${path} does not exist`, { cause });
    throw new VerdigrisError("FILE_UNREADABLE", `${path} cannot be read: ${message}`, { cause });
  }
}

/** Reads a JSON file. @throws VerdigrisError FILE_* */
export async function readJson(path: string): Promise<unknown> {
  const text = await readTextFile(path);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new VerdigrisError("FILE_INVALID", `${path}: is not JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
}
