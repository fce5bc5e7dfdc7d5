/** Records of answers in a file: JSON lines, only ever appended to. */
import { type FileHandle, open } from "node:fs/promises";
import { VerdigrisError } from "@verdigris/core";
import type { Ended, RecordSink, Started } from "../record.js";

/** How a ledger is kept. */
export interface FileLedgerOptions {
  /**
   * When a record counts as written. `process`: the operating system has it, and the death of this process, however
   * sudden, loses none. `machine`: the disk has it too. Default `process`.
   */
  readonly survives?: "process" | "machine";
}

interface Waiting {
  readonly line: string;
  readonly written: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * A ledger file of one process. Records that come while others are being written go together, in one write. What was not
 * acknowledged may be lost with the process: with `failure: "closed"` these are answers that never began.
 */
export class FileLedger implements RecordSink {
  readonly #handle: FileHandle;
  readonly #survives: "process" | "machine";
  /** Bytes of whole records. */
  #size: number;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;

  private constructor(
    handle: FileHandle,
    size: number,
    { survives = "process" }: FileLedgerOptions,
  ) {
    this.#handle = handle;
    this.#size = size;
    this.#survives = survives;
  }

  /**
   * Opens a ledger, and makes it where there is none, for its owner only. A last record cut off by a crash was never
   * acknowledged and is removed. @throws VerdigrisError FILE_UNWRITABLE
   */
  static async open(path: string, options: FileLedgerOptions = {}): Promise<FileLedger> {
    try {
      const handle = await open(path, "a+", 0o600);
      const size = await endOfRecords(handle);
      await handle.truncate(size);
      return new FileLedger(handle, size, options);
    } catch (cause) {
      const reason = (cause as Error).message;
      throw new VerdigrisError("FILE_UNWRITABLE", `ledger: cannot be opened: ${reason}`, { cause });
    }
  }

  /** Resolves when the record counts as written. @throws VerdigrisError FILE_UNWRITABLE; nothing of it is left then */
  write(entry: Started | Ended): Promise<void> {
    return new Promise((written, failed) => {
      this.#waiting.push({ line: `${JSON.stringify(entry)}\n`, written, failed });
      this.#writing ??= this.#writeAll();
    });
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#handle.close();
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#append(batch.map(({ line }) => line).join(""));
        for (const { written } of batch) written();
      } catch (cause) {
        const message = `ledger: cannot be written: ${(cause as Error).message}`;
        const error = new VerdigrisError("FILE_UNWRITABLE", message, { cause });
        for (const { failed } of batch) failed(error);
      }
    }
    // In the same turn as the last look: a record that comes now starts the next round.
    this.#writing = null;
  }

  async #append(text: string): Promise<void> {
    try {
      await this.#handle.appendFile(text);
      if (this.#survives === "machine") await this.#handle.datasync();
      this.#size += Buffer.byteLength(text);
    } catch (error) {
      // A full disk takes half a record: the next one must not be joined to it.
      await this.#handle.truncate(this.#size).catch(() => {});
      throw error;
    }
  }
}

/** Bytes read at once from the end. */
const BLOCK = 65_536;

async function endOfRecords(handle: FileHandle): Promise<number> {
  const block = Buffer.alloc(BLOCK);
  let { size: end } = await handle.stat();
  while (end > 0) {
    const start = Math.max(0, end - BLOCK);
    const { bytesRead } = await handle.read(block, 0, end - start, start);
    const at = block.subarray(0, bytesRead).lastIndexOf(10);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return 0;
}
