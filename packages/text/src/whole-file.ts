import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { VerdigrisError } from "@verdigris/core";

/** Who writes, and who may read. */
export interface WholeFileOptions {
  /** Distinguishes writers of one file at a time. Default: there is one. */
  readonly writer?: string;
  /** Access rights of the file and of folders that are made for it. Default: as the process makes them. */
  readonly isPrivate?: boolean;
  /** Whether folders are made that are not there. Default true. */
  readonly makesFolders?: boolean;
}

/**
 * Writes a file whole or not at all: to a neighbour, flushed, then renamed. What was there before stays until then.
 * @throws VerdigrisError FILE_UNWRITABLE
 */
export async function writeWhole(
  path: string,
  contents: string | Uint8Array,
  { writer = "", isPrivate = false, makesFolders = true }: WholeFileOptions = {},
): Promise<void> {
  const partial = `${path}${writer}.partial`;
  const [file, folder] = isPrivate ? [{ mode: 0o600 }, { mode: 0o700 }] : [{}, {}];
  try {
    if (makesFolders) await mkdir(dirname(path), { recursive: true, ...folder });
    // Without the flush a full disk may be noticed only after the rename.
    await writeFile(partial, contents, { flush: true, ...file });
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => {});
    throw new VerdigrisError(
      "FILE_UNWRITABLE",
      `${path}: cannot be written: ${(cause as Error).message}`,
      { cause },
    );
  }
}
