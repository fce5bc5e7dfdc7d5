import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import { writeWhole } from "@verdigris/text";

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

/** Results by the digest of what they were computed from. */
export interface Store {
  /** The stored result, or null. */
  find<T>(inputs: unknown): Promise<T | null>;
  /** The stored result, or what `compute` returns, then stored. A corrupted entry is computed again. */
  resolve<T>(inputs: unknown, compute: () => Promise<T>): Promise<T>;
}

/**
 * How a directory keeps a kind of result under a name; `decode` throws or returns null for bytes that are not what was
 * encoded under that name.
 */
export interface Codec<T> {
  readonly extension: string;
  encode(value: T, name: string): string | Uint8Array;
  decode(bytes: Buffer, name: string): T | null;
}

/** Surroundings of a store in a directory. */
export interface DirectoryOptions {
  /** Told of an entry that is not what was written; it will be computed again. */
  readonly onCorrupt?: ((path: string) => void) | undefined;
}

/** A store in a directory: one JSON file a result, with the digest of its name and contents. */
export function directoryStore(directory: string, options: DirectoryOptions = {}): Store {
  const store = codedStore(directory, jsonCodec, options);
  return {
    find: <T>(inputs: unknown) => store.find(inputs) as Promise<T | null>,
    resolve: <T>(inputs: unknown, compute: () => Promise<T>) =>
      store.resolve(inputs, compute) as Promise<T>,
  };
}

/** Results of one kind in a directory. */
export interface CodedStore<T> {
  find(inputs: unknown): Promise<T | null>;
  resolve(inputs: unknown, compute: () => Promise<T>): Promise<T>;
}

/** A store in a directory of results that a codec checks. Processes and threads may share it. */
export function codedStore<T>(
  directory: string,
  codec: Codec<T>,
  { onCorrupt }: DirectoryOptions = {},
): CodedStore<T> {
  const nameOf = (inputs: unknown): string => digestOf(inputs).slice(0, 32);
  const pathOf = (name: string): string => join(directory, `${name}.${codec.extension}`);
  async function read(name: string): Promise<T | null> {
    const path = pathOf(name);
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return null;
      throw error;
    });
    if (bytes === null) return null;
    const value = attempt(() => codec.decode(bytes, name));
    if (value === null) onCorrupt?.(path);
    return value;
  }
  return {
    find: (inputs) => read(nameOf(inputs)),
    async resolve(inputs, compute): Promise<T> {
      const name = nameOf(inputs);
      const stored = await read(name);
      if (stored !== null) return stored;
      const result = await compute();
      await writeWhole(pathOf(name), codec.encode(result, name), {
        writer: `.${process.pid}-${threadId}`,
      });
      return result;
    },
  };
}

const jsonCodec: Codec<unknown> = {
  extension: "json",
  encode: (result, name) => JSON.stringify({ digest: digestOf([name, result]), result }),
  decode(bytes, name): unknown {
    const entry = JSON.parse(bytes.toString()) as { digest?: unknown; result?: unknown };
    return entry.digest === digestOf([name, entry.result]) ? (entry.result ?? null) : null;
  },
};

function attempt<T>(decode: () => T | null): T | null {
  try {
    return decode();
  } catch {
    return null;
  }
}

/** A store that keeps nothing. */
export const noStore: Store = {
  find: async () => null,
  resolve: (_inputs, compute) => compute(),
};
