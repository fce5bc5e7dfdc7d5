/** What an answer says, for whoever counts it: what its record leaves out. */
import type { JsonObject } from "./json.js";
import type { Started } from "./record.js";
import type { Said } from "./stream/transcript.js";

/** An answer that has passed, as far as it came. */
export interface PassedAnswer {
  readonly start: Started;
  /** What the client asked. */
  readonly body: JsonObject;
  /** By choice; null if the answer could not be read, or is longer than is kept. */
  readonly said: readonly Said[] | null;
}

/** Longest answer that is kept until it has passed: UTF-16 code units and token ids of all its choices. */
export const LONGEST_SAID = 1 << 20;
