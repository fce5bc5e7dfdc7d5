/** `--collected DIR`: what tenants and groups collect is counted there while they are served. */
import { link, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { VerdigrisError } from "@verdigris/core";
import { CollectionMonitor } from "@verdigris/gateway/collection";
import type { ServedAnswer } from "@verdigris/gateway/serve";
import { readText, writeSecret } from "../files.js";
import { type Io, locate, tell } from "../io.js";

/** What is noted is written after so many milliseconds at the latest. */
const INTERVAL_MS = 30_000;
/** Longest window of a serving sketch. */
const LONGEST_WINDOW = 8;

/** Counting, until it is closed. */
export interface Collecting {
  readonly onAnswer: (answer: ServedAnswer) => void;
  /** Answers that were not counted. */
  readonly lost: () => number;
  /** Tells the operator what went wrong. */
  readonly onError: (error: unknown) => void;
  close(): Promise<void>;
}

/** Counts into a directory; makes it, and its salt, where there is none. @throws VerdigrisError FILE_* */
export async function collectingIn(io: Io, named: string): Promise<Collecting> {
  const directory = locate(io, named);
  const onError = (error: unknown): void => tell(io, `collected: ${String(error)}`);
  const monitor = new CollectionMonitor(directory, {
    salt: await saltIn(directory),
    newId: () => globalThis.crypto.randomUUID(),
    now: () => Date.now(),
    onError,
  });
  const timer = setInterval(() => void monitor.flush(), INTERVAL_MS).unref();
  return {
    onError,
    onAnswer: ({ tenant, prompt, tokens, evidence }) => {
      const { id, h } = tenant.profile;
      const profile = { id, digest: tenant.digest, h: Math.min(h, LONGEST_WINDOW) };
      const { name, group = name, key } = tenant;
      monitor.note({ tenant: name, group, profile, keyId: key.id, prompt, tokens, evidence });
    },
    lost: () => monitor.lost,
    async close() {
      clearInterval(timer);
      await monitor.close();
    },
  };
}

/** The salt of a directory's hashes. Directories whose collections are to be merged need copies of one. */
async function saltIn(directory: string): Promise<Uint8Array> {
  const path = join(directory, "salt");
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const why = (cause as Error).message;
    throw new VerdigrisError("FILE_UNWRITABLE", `--collected: cannot be made: ${why}`, { cause });
  }
  const text = await readText(path).catch((error: VerdigrisError) => {
    if (error.code !== "FILE_NOT_FOUND") throw error;
    return freshSalt(path);
  });
  if (/^[0-9a-f]{64}\s*$/.test(text)) return Buffer.from(text.trim(), "hex");
  throw new VerdigrisError("FILE_INVALID", `${path}: expected 64 hex digits`);
}

/** Of processes that start together, one makes it; it is there whole or not at all. */
async function freshSalt(path: string): Promise<string> {
  const fresh = globalThis.crypto.getRandomValues(new Uint8Array(32));
  const own = `${path}.${globalThis.crypto.randomUUID()}`;
  await writeSecret(own, `${Buffer.from(fresh).toString("hex")}\n`);
  try {
    await link(own, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") {
      const message = `${path}: cannot be written: ${(cause as Error).message}`;
      throw new VerdigrisError("FILE_UNWRITABLE", message, { cause });
    }
  } finally {
    await rm(own, { force: true });
  }
  return readText(path);
}
