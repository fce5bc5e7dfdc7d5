/** What was served under each key, as sketches of windows on disk. */
import { mkdir, open, readFile, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { type Kernel, type Tokens, VerdigrisError, createKernel } from "@verdigris/core";
import { ServingSketch, type SketchShape } from "@verdigris/detector";

/** How sketches are kept. */
export interface ServedSketchesOptions extends SketchShape {
  /** Answers after which a sketch is written: at most so many are lost with the process. Default 256. */
  readonly every?: number;
  readonly onError?: (error: unknown) => void;
}

interface Held {
  readonly sketch: ServingSketch;
  /** Answers since it was written. */
  unwritten: number;
  /** Windows that were new when they came. */
  fresh: number;
}

/** One key's traffic so far. */
export interface Coverage {
  readonly keyId: string;
  /** Windows served, and how many of them were new: approximately, and never too many. */
  readonly windows: number;
  readonly distinctWindows: number;
}

/**
 * Sketches of served windows by key id, one file each, written whole and renamed. Files of several instances can be
 * merged: give them one salt. The salt is in them: keep them private.
 */
export class ServedSketches {
  readonly #directory: string;
  readonly #options: ServedSketchesOptions;
  readonly #kernel: Kernel = createKernel();
  readonly #held = new Map<string, Held>();
  #writing: Promise<void> = Promise.resolve();

  private constructor(directory: string, options: ServedSketchesOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  /** Reads what the directory holds. @throws VerdigrisError FILE_INVALID for a broken file; RangeError for another shape */
  static async open(directory: string, options: ServedSketchesOptions): Promise<ServedSketches> {
    const sketches = new ServedSketches(directory, options);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (const name of (await readdir(directory)).toSorted()) {
      const keyId = /^([0-9a-f]{16})\.sketch$/.exec(name)?.[1];
      if (keyId !== undefined) await sketches.#read(keyId, join(directory, name));
    }
    return sketches;
  }

  /** Counts one answer's windows under a key. */
  add(keyId: string, tokens: Tokens): void {
    const held = this.#of(keyId);
    // Asked before it is counted: a window of this answer that came twice counts as new both times.
    for (const count of held.sketch.counts(tokens)) if (count === 0) held.fresh++;
    held.sketch.add(tokens);
    held.unwritten++;
    if (held.unwritten >= (this.#options.every ?? 256)) void this.flush();
  }

  /** Writes what changed. A failure is reported, and tried again next time: no answer waits for it. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#writeAll());
    return this.#writing;
  }

  /** How much of the window space each key has covered since this process began. */
  coverage(): readonly Coverage[] {
    return [...this.#held].map(([keyId, { sketch, fresh }]) => ({
      keyId,
      windows: sketch.total,
      distinctWindows: fresh,
    }));
  }

  async #writeAll(): Promise<void> {
    for (const [keyId, held] of this.#held) {
      if (held.unwritten === 0) continue;
      const before = held.unwritten;
      try {
        await writeWhole(join(this.#directory, `${keyId}.sketch`), held.sketch.toBytes());
        held.unwritten -= before;
      } catch (error) {
        this.#options.onError?.(error);
      }
    }
  }

  async #read(keyId: string, path: string): Promise<void> {
    const sketch = new ServingSketch(this.#options, this.#kernel);
    try {
      sketch.merge(ServingSketch.fromBytes(await readFile(path), this.#kernel));
    } catch (cause) {
      if (cause instanceof VerdigrisError) {
        throw new VerdigrisError(cause.code, `${path}: ${cause.message}`, { cause });
      }
      throw cause;
    }
    this.#held.set(keyId, { sketch, unwritten: 0, fresh: 0 });
  }

  #of(keyId: string): Held {
    if (!/^[0-9a-f]{16}$/.test(keyId)) {
      throw new RangeError(
        `keyId: expected 16 hex digits, got ${JSON.stringify(keyId.slice(0, 40))}`,
      );
    }
    const known = this.#held.get(keyId);
    if (known !== undefined) return known;
    const held = { sketch: new ServingSketch(this.#options, this.#kernel), unwritten: 0, fresh: 0 };
    this.#held.set(keyId, held);
    return held;
  }
}

/** The old file stays until the new one is whole. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(`${path}.new`, "w", 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.new`, path);
}
