/** Notes what each tenant and group collects, beside the answers and never in their way. */
import { join } from "node:path";
import { setImmediate as breath } from "node:timers/promises";
import { type Tokens, VerdigrisError } from "@verdigris/core";
import { tell } from "../errors.js";
import { Collected, type CollectionScope, type HashedAnswer, fileOf } from "./collected.js";
import { readCollected, writeCollected } from "./files.js";
import { Hashing } from "./hashing.js";
import { OwnPlace, type PlaceOptions, pathOf } from "./places.js";

/** How collections are kept. */
export interface CollectionOptions extends PlaceOptions {
  /** 32 bytes that nobody outside knows; the same for instances whose collections are to be merged. */
  readonly salt: Uint8Array;
  /** Counters in a row of a sketch, a power of two. Default 2^18: four megabytes a key while it is written. */
  readonly width?: number;
  /** Answers after which what was noted is written: at most so many are lost with the process. Default 256. */
  readonly every?: number;
  readonly onError?: (error: unknown) => void;
}

/** An answer that was given out, and to whom. */
export interface CollectedAnswer {
  readonly tenant: string;
  /** Accounts that are thought to be one customer. */
  readonly group: string;
  readonly profile: CollectionScope["profile"];
  readonly keyId: string;
  readonly prompt: Tokens;
  readonly tokens: Tokens;
  /** Scored positions and their mean excess score; null for an answer without a mark. */
  readonly evidence: { readonly n: number; readonly effect: number } | null;
}

interface Waiting {
  readonly scope: CollectionScope;
  answers: HashedAnswer[];
}

/** Hashes that wait at most, 32 megabytes of them, while nothing can be written: what comes then is not counted. */
const MOST_HASHES = 1 << 22;
/** Hashes that are added in a row: some .1 ms of work. Streams have their turn in between. */
const STEP = 2048;

/**
 * The collections of one process, in a directory that others may count in, too: each has a place of its own there. In memory are
 * only the hashes of answers that are not written yet; files are read, added to and replaced. A place without a write or
 * `flush` for two minutes may be taken over by another process; this one then takes another.
 */
export class CollectionMonitor {
  readonly #place: OwnPlace;
  readonly #options: CollectionOptions;
  readonly #every: number;
  readonly #hashing: Hashing;
  readonly #waiting = new Map<string, Waiting>();
  /** Answers and their hashes since a write began. */
  #fresh = 0;
  #freshHashes = 0;
  /** Hashes that wait. */
  #hashes = 0;
  #lost = 0;
  #writing: Promise<void> = Promise.resolve();
  /** The write that follows the one that is going on. */
  #next: Promise<void> | null = null;

  /** @throws RangeError for a salt, width or `every` out of range */
  constructor(directory: string, options: CollectionOptions) {
    const { every = 256, salt, width } = options;
    if (!(Number.isSafeInteger(every) && every >= 1)) {
      throw new RangeError(`every: expected a whole number from 1, got ${every}`);
    }
    this.#place = new OwnPlace(directory, options);
    this.#options = options;
    this.#every = every;
    this.#hashing = new Hashing(width === undefined ? { salt } : { salt, width });
  }

  /** Answers that were not counted, because what came before could not be written. */
  get lost(): number {
    return this.#lost;
  }

  /** Notes an answer. Never throws and never waits: what goes wrong is told to `onError`. */
  note(answer: CollectedAnswer): void {
    try {
      this.#note(answer);
    } catch (error) {
      this.#lost++;
      tell(this.#options.onError, error);
    }
    // Not by all that wait: where nothing can be written, every answer would try again.
    if (this.#fresh >= this.#every || this.#freshHashes >= MOST_HASHES / 4) void this.flush();
  }

  /** Writes what was noted so far. What cannot be written is reported, and tried again next time. */
  flush(): Promise<void> {
    [this.#fresh, this.#freshHashes] = [0, 0];
    this.#next ??= this.#writing.then(() => {
      this.#next = null;
      return this.#writeAll();
    });
    this.#writing = this.#next;
    return this.#next;
  }

  /** Writes what was noted, and leaves the place to the next process. What goes wrong is reported. */
  async close(): Promise<void> {
    await this.flush();
    await this.#place.leave().catch((error: unknown) => tell(this.#options.onError, error));
  }

  #note({ tenant, keyId, group, profile, prompt, tokens, evidence }: CollectedAnswer): void {
    const tenants = { group, profile, by: { kind: "tenant", tenant } } as const;
    const keys = { group, profile, by: { kind: "key", keyId } } as const;
    if (this.#hashes >= MOST_HASHES) {
      const message = "collection: an answer is not counted: too many wait to be written";
      throw new VerdigrisError("FILE_UNWRITABLE", message);
    }
    const hashed: HashedAnswer = {
      tokens: tokens.length,
      prompt: this.#hashing.prompt(prompt),
      marked:
        evidence === null
          ? null
          : {
              windows: this.#hashing.windows(profile.h, tokens),
              scored: evidence.n,
              excess: evidence.n * evidence.effect,
            },
    };
    for (const scope of [keys, tenants]) this.#wait(scope, [hashed]);
    const size = sizeOf([hashed]);
    this.#hashes += size;
    this.#freshHashes += size;
    this.#fresh++;
  }

  /** Puts answers in line, after what is there. */
  #wait(scope: CollectionScope, answers: readonly HashedAnswer[]): void {
    const name = fileOf(scope);
    const waiting = this.#waiting.get(name) ?? { scope, answers: [] };
    waiting.answers.push(...answers);
    this.#waiting.set(name, waiting);
  }

  async #writeAll(): Promise<void> {
    const all = Array.from(this.#waiting);
    this.#waiting.clear();
    if (all.length === 0) await this.#place.show().catch(() => false);
    for (const [name, { scope, answers }] of all) {
      try {
        const place = await this.#place.hold();
        const path = join(pathOf(place), name);
        await writeCollected(place, name, await this.#with(path, scope, answers));
        // Both scopes of an answer hold its hashes; they are let go with the second.
        if (scope.by.kind === "tenant") this.#hashes -= sizeOf(answers);
      } catch (error) {
        tell(this.#options.onError, error);
        this.#wait(scope, answers);
      }
    }
  }

  /** The collection in a file, or a new one, with answers added. */
  async #with(
    path: string,
    scope: CollectionScope,
    answers: readonly HashedAnswer[],
  ): Promise<Collected> {
    const known = await readCollected(path, this.#hashing.empty).catch((error: VerdigrisError) => {
      if (error.code === "FILE_NOT_FOUND") return null;
      throw error;
    });
    if (known !== null && known.salt !== this.#hashing.id) {
      throw new VerdigrisError("FILE_INVALID", `${path}: was counted under another salt`);
    }
    const collected = known ?? Collected.of(scope, this.#hashing);
    let inRow = 0;
    for (const answer of answers) {
      collected.add(answer);
      inRow += sizeOf([answer]);
      if (inRow < STEP) continue;
      inRow = 0;
      await breath();
    }
    return collected;
  }
}

function sizeOf(answers: readonly HashedAnswer[]): number {
  return answers.reduce(
    (sum, { prompt, marked }) => sum + prompt.seedLo.length + (marked?.windows.seedLo.length ?? 0),
    0,
  );
}
