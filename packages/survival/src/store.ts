import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { VerdigrisError } from "@verdigris/core";

/** SHA-256 of a value's canonical JSON (sorted keys), hex. */
export function digestOf(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

/** JSON with sorted keys: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item !== null && typeof item === "object" && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

/**
 * Writes a file whole or not at all: to a neighbour, flushed, then renamed. What was there before stays until then.
 * @throws VerdigrisError FILE_UNWRITABLE
 */
export async function writeWhole(path: string, contents: string): Promise<void> {
  const partial = `${path}.partial`;
  try {
    await mkdir(dirname(path), { recursive: true });
    // Without the flush a full disk may be noticed only after the rename.
    await writeFile(partial, contents, { flush: true });
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

/** Results by the digest of what they were computed from. */
export interface Store {
  /** The stored result, or what `compute` returns, then stored. A corrupted entry is computed again. */
  resolve<T>(inputs: unknown, compute: () => Promise<T>): Promise<T>;
}

/** A store in a directory: one file a result, with the digest of its own contents. */
export function directoryStore(directory: string): Store {
  return {
    async resolve<T>(inputs: unknown, compute: () => Promise<T>): Promise<T> {
      const path = join(directory, `${digestOf(inputs).slice(0, 32)}.json`);
      const stored = await readEntry(path);
      if (stored !== null) return stored as T;
      const result = await compute();
      await writeWhole(path, JSON.stringify({ digest: digestOf(result), result }));
      return result;
    },
  };
}

async function readEntry(path: string): Promise<unknown> {
  try {
    const entry = JSON.parse(await readFile(path, "utf8")) as {
      digest?: unknown;
      result?: unknown;
    };
    return entry.digest === digestOf(entry.result) ? (entry.result ?? null) : null;
  } catch {
    return null;
  }
}

/** A store that keeps nothing. */
export const noStore: Store = { resolve: (_inputs, compute) => compute() };
