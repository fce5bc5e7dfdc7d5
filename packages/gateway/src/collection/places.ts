/**
 * Folders in one directory, one for each process that counts there. A folder's name ends in a generation, which goes up whenever a
 * process takes it over from one that is gone: whoever still has the old name cannot write any more, and nothing is counted twice.
 */
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { VerdigrisError } from "@verdigris/core";
import { asFileError } from "@verdigris/text";
import { checkName } from "../recorder.js";

/** A folder. */
export interface Place {
  readonly directory: string;
  readonly id: string;
  readonly generation: number;
}

/** What places are made and kept with. */
export interface PlaceOptions {
  /** Name of a new place, never given before: 1 to 128 letters, digits and `._-`. */
  readonly newId: () => string;
  /** Milliseconds since 1970; of two machines, close. */
  readonly now: () => number;
}

const NAME = /^([\w.-]{1,128})\.(\d{1,15})$/;
/** The file whose time is its owner's last sign of life; not there in a place that was left. */
const ALIVE = "alive";
/** Without a sign for so long, an owner is held to be gone. If it is not, it takes another place, and nothing is lost. */
const GONE_MS = 120_000;

/** The path of a place. */
export function pathOf({ directory, id, generation }: Place): string {
  return join(directory, `${id}.${generation}`);
}

/** The places in a directory. @throws VerdigrisError FILE_NOT_FOUND or FILE_UNREADABLE */
export async function placesIn(directory: string): Promise<readonly Place[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    throw asFileError(error, directory);
  });
  return entries.flatMap((entry) => {
    const [, id, generation] = entry.isDirectory() ? (NAME.exec(entry.name) ?? []) : [];
    return id === undefined ? [] : [{ directory, id, generation: Number(generation) }];
  });
}

/** Reads something of a place; again if it was taken over meanwhile. @throws VerdigrisError as `read` does */
export async function inPlace<T>(place: Place, read: (path: string) => Promise<T>): Promise<T> {
  try {
    return await read(pathOf(place));
  } catch (error) {
    if ((error as VerdigrisError).code !== "FILE_NOT_FOUND") throw error;
    const now = (await placesIn(place.directory)).find(({ id }) => id === place.id);
    if (now === undefined || now.generation === place.generation) throw error;
    return inPlace(now, read);
  }
}

/** A process's own place, taken when it is first needed. */
export class OwnPlace {
  readonly #directory: string;
  readonly #options: PlaceOptions;
  #held: Place | null = null;

  constructor(directory: string, options: PlaceOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  /** Shows that it is in use, and says which it is: another one if it was taken. @throws VerdigrisError FILE_UNWRITABLE */
  async hold(): Promise<Place> {
    try {
      return (await this.show()) ?? (this.#held = await taken(this.#directory, this.#options));
    } catch (cause) {
      if (cause instanceof RangeError) throw cause;
      const message = `${this.#directory}: cannot be written: ${(cause as Error).message}`;
      throw new VerdigrisError("FILE_UNWRITABLE", message, { cause });
    }
  }

  /** Shows that it is in use; null if there is none, or not any more. */
  async show(): Promise<Place | null> {
    if (this.#held !== null && !(await isThere(shown(this.#held, this.#options.now())))) {
      this.#held = null;
    }
    return this.#held;
  }

  /** Leaves it to whoever comes next. */
  async leave(): Promise<void> {
    if (this.#held === null) return;
    await rm(join(pathOf(this.#held), ALIVE), { force: true });
    this.#held = null;
  }
}

/** One whose owner is gone, or a new one. */
async function taken(directory: string, options: PlaceOptions): Promise<Place> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const place of await placesIn(directory)) {
    if (!(await isFree(place, options.now()))) continue;
    const next = { ...place, generation: place.generation + 1 };
    // Of several that try, one succeeds.
    const isMoved = await rename(pathOf(place), pathOf(next)).then(
      () => true,
      () => false,
    );
    if (!isMoved || !(await isThere(sign(next, options.now())))) continue;
    await removePartial(pathOf(next));
    return next;
  }
  const fresh = { directory, id: checkName("newId()", options.newId()), generation: 0 };
  await mkdir(pathOf(fresh), { mode: 0o700 });
  return (await isThere(sign(fresh, options.now()))) ? fresh : taken(directory, options);
}

async function isFree(place: Place, now: number): Promise<boolean> {
  try {
    return (await stat(join(pathOf(place), ALIVE))).mtimeMs < now - GONE_MS;
  } catch (error) {
    // Left, or never signed. What cannot be looked at is another's.
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

/** Gives the first sign of life. */
async function sign(place: Place, now: number): Promise<void> {
  await writeFile(join(pathOf(place), ALIVE), "", { mode: 0o600 });
  await shown(place, now);
}

function shown(place: Place, now: number): Promise<void> {
  return utimes(join(pathOf(place), ALIVE), now / 1000, now / 1000);
}

/** Whether something could be done in a place: not where another process has taken it. */
async function isThere(done: Promise<void>): Promise<boolean> {
  try {
    await done;
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** What an owner that was killed left half written. */
async function removePartial(path: string): Promise<void> {
  const names = (await readdir(path)).filter((name) => name.endsWith(".partial"));
  await Promise.all(names.map((name) => rm(join(path, name), { force: true })));
}
