/** Lists too long for memory. */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { VerdigrisError } from "@verdigris/core";

/** What a reader of results needs of a list; an array is one too. */
export interface Listed<Item> extends Iterable<Item> {
  readonly length: number;
  /** As of an array: the results have to fit in memory. */
  map<Result>(change: (item: Item, index: number) => Result): readonly Result[];
}

/** Items held in memory at most. */
const BATCH = 1024;

/**
 * A list that only grows and is read from its start, in the order of adding. Beyond 1,024 items it lies in a temporary
 * file, which has no name, so that nothing is left of it whatever happens. Items are what the structured clone takes.
 */
export class Spool<Item> implements Listed<Item> {
  #file: number | null = null;
  /** End of each batch in the file; 8 bytes for 1,024 items. */
  readonly #ends: number[] = [];
  #tail: Item[] = [];

  get length(): number {
    return this.#ends.length * BATCH + this.#tail.length;
  }

  /** @throws VerdigrisError FILE_UNWRITABLE if the temporary file cannot be written */
  add(item: Item): void {
    this.#tail.push(item);
    if (this.#tail.length < BATCH) return;
    this.#write(serialize(this.#tail));
    this.#tail = [];
  }

  *[Symbol.iterator](): Generator<Item> {
    for (let i = 0; i < this.#ends.length; i++) yield* this.#batch(i);
    yield* this.#tail;
  }

  map<Result>(change: (item: Item, index: number) => Result): readonly Result[] {
    return Array.from(this, change);
  }

  /** Gives the file back; the list is empty then. */
  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    [this.#file, this.#ends.length, this.#tail] = [null, 0, []];
  }

  #write(bytes: Uint8Array): void {
    try {
      this.#file ??= namelessFile();
      for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at);
    } catch (cause) {
      throw new VerdigrisError(
        "FILE_UNWRITABLE",
        `cannot write to ${tmpdir()}, where long lists of results are kept: ${(cause as Error).message}`,
        { cause },
      );
    }
    this.#ends.push((this.#ends.at(-1) ?? 0) + bytes.length);
  }

  #batch(i: number): readonly Item[] {
    const start = i === 0 ? 0 : this.#ends[i - 1];
    const bytes = Buffer.alloc(this.#ends[i] - start);
    for (let at = 0; at < bytes.length;) {
      const n = readSync(this.#file ?? -1, bytes, at, bytes.length - at, start + at);
      if (n === 0) throw new VerdigrisError("CACHE_CORRUPT", `a file in ${tmpdir()} was cut short`);
      at += n;
    }
    return deserialize(bytes) as readonly Item[];
  }
}

/** A temporary file that ends with its descriptor. */
function namelessFile(): number {
  const folder = mkdtempSync(join(tmpdir(), "verdigris-"));
  try {
    return openSync(join(folder, "spool"), "wx+", 0o600);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
