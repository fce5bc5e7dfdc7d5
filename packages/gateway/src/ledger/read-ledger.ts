/** Reading a ledger back. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { VerdigrisError } from "@verdigris/core";
import { asFileError } from "@verdigris/text";
import type { Ended, Started } from "../record.js";

/** One answer, with both its records. */
export interface LedgerAnswer {
  readonly start: Started;
  /** Null if the end was not recorded: the answer may have been given, in part or whole. */
  readonly end: Ended | null;
}

/**
 * The answers of a ledger in the order of their ends; those without one come last. Memory grows with the answers that have
 * begun and not ended. @throws VerdigrisError FILE_NOT_FOUND, FILE_INVALID naming the line
 */
export async function* readLedger(path: string): AsyncGenerator<LedgerAnswer> {
  const open = new Map<string, Started>();
  let number = 0;
  for await (const line of linesOf(path)) {
    number++;
    const entry = entryOf(line, `${path}:${number}`);
    if (entry.kind === "started") open.set(entry.record, entry);
    else {
      const start = open.get(entry.record);
      // Its start is in the ledger of another time.
      if (start === undefined) continue;
      open.delete(entry.record);
      yield { start, end: entry };
    }
  }
  for (const start of open.values()) yield { start, end: null };
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const input = createReadStream(path, "utf8");
  try {
    yield* createInterface({ input, crlfDelay: Infinity });
  } catch (error) {
    throw asFileError(error, path);
  } finally {
    input.destroy();
  }
}

function entryOf(line: string, where: string): Started | Ended {
  try {
    const entry = JSON.parse(line) as Started | Ended;
    const known = entry.kind === "started" || entry.kind === "ended";
    if (known && typeof entry.record === "string") return entry;
  } catch {
    // Said below.
  }
  throw new VerdigrisError("FILE_INVALID", `${where}: expected a record of an answer`);
}
