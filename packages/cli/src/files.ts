/** The files commands take: profiles, keys, tokenizers. */
import { existsSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Key, type Profile, VerdigrisError, keyFromText, parseProfile } from "@verdigris/core";
import { type Tokenizer, asFileError, inFile, readTokenizer } from "@verdigris/text";
import { type Io, locate, tell } from "./io.js";

/** Largest key file: a peer's longest key and some white space. Anything longer is another file. */
const MAX_KEY_FILE = 4200;

/** Whether two paths lead to the same file, by whatever links; false if either leads nowhere. */
export async function isSameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([a, b].map((path) => stat(path).catch(() => null)));
  return one !== null && one.ino === other?.ino && one.dev === other.dev;
}

/** Reads a small text file. @throws VerdigrisError FILE_NOT_FOUND or FILE_UNREADABLE */
export async function readText(path: string): Promise<string> {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(await readBytes(path));
}

/** Reads a file as it is. @throws VerdigrisError FILE_NOT_FOUND or FILE_UNREADABLE */
export function readBytes(path: string): Promise<Uint8Array> {
  return readFile(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
}

/** Reads a JSON file. The error does not quote the file, which may be a key given by mistake. */
export async function readJsonFile(path: string): Promise<unknown> {
  const text = await readText(path);
  try {
    return JSON.parse(text.replace(/^\ufeff/, "")) as unknown;
  } catch {
    throw new VerdigrisError("FILE_INVALID", `${path} is not JSON`);
  }
}

/** Reads a profile. @throws VerdigrisError FILE_* or PROFILE_INVALID naming file, field, range and what came */
export async function readProfile(path: string): Promise<Profile> {
  const value = await readJsonFile(path);
  return inFile(path, () => parseProfile(value));
}

/**
 * The key from a file, else from VERDIGRIS_KEY; never from an argument, which other users of the machine can see.
 * @throws TypeError without either; VerdigrisError FILE_* or KEY_INVALID
 */
export async function readKey(io: Io, profile: Profile, keyFile: string | undefined): Promise<Key> {
  if (keyFile !== undefined) {
    const path = locate(io, keyFile);
    return parseKey(profile, { text: await readKeyFile(io, path, MAX_KEY_FILE), source: path });
  }
  const text = io.env["VERDIGRIS_KEY"] ?? "";
  if (text !== "") return parseKey(profile, { text, source: "VERDIGRIS_KEY" });
  throw new TypeError(
    "key: expected --key-file FILE, or VERDIGRIS_KEY in the environment; got neither",
  );
}

/** The text of a file of keys; tells of one that others can read. */
export async function readKeyFile(io: Io, path: string, maxBytes: number): Promise<string> {
  const text = await readText(path);
  const { mode, size } = await stat(path);
  if (size > maxBytes) {
    throw new VerdigrisError(
      "KEY_INVALID",
      `${path}: expected 64 hex digits (32 bytes), got ${size} bytes`,
    );
  }
  // Windows keeps access rights elsewhere; its mode bits say nothing.
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    tell(
      io,
      `warning: ${path} can be read by others (mode ${(mode & 0o777).toString(8)}): chmod 600 ${path}`,
    );
  }
  return text;
}

/** A key for a profile's scheme. @throws VerdigrisError KEY_INVALID naming the source, without the key */
export function parseKey(
  profile: Profile,
  { text, source }: { readonly text: string; readonly source: string },
): Key {
  try {
    return keyFromText(profile, text);
  } catch (cause) {
    throw new VerdigrisError("KEY_INVALID", `${source}: ${(cause as Error).message}`, { cause });
  }
}

/** Says that a key is not the one its profile was made for; null if it is, or if the profile leaves it open. */
export function keyMismatch(profile: Profile, key: Key): string | null {
  if (profile.keyId === null || profile.keyId === key.id) return null;
  return `profile ${profile.id} is for key ${profile.keyId}, but the key given is ${key.id}`;
}

/**
 * The tokenizer of a profile, read when first asked for: from `path`, else from the tokenizer.json beside the profile.
 * The promise rejects with TypeError if there is none, or VerdigrisError FILE_INVALID if it is another one.
 */
export function tokenizerOf(
  profile: Profile,
  where: { readonly profilePath: string; readonly path: string | undefined },
): () => Promise<Tokenizer> {
  let opened: Promise<Tokenizer> | undefined;
  return () => (opened ??= openTokenizer(profile, where));
}

async function openTokenizer(
  profile: Profile,
  where: { readonly profilePath: string; readonly path: string | undefined },
): Promise<Tokenizer> {
  const { id, sha256 } = profile.tokenizer;
  const path = where.path ?? join(dirname(where.profilePath), "tokenizer.json");
  if (where.path === undefined && !existsSync(path)) {
    throw new TypeError(
      `--tokenizer: expected the tokenizer.json of ${id} (SHA-256 ${sha256}); not given, and none beside the profile`,
    );
  }
  const tokenizer = await readTokenizer(path, id);
  if (tokenizer.identity.sha256 !== sha256) {
    throw new VerdigrisError(
      "FILE_INVALID",
      `${path} is not the profile's tokenizer: expected SHA-256 ${sha256}, got ${tokenizer.identity.sha256}`,
    );
  }
  return tokenizer;
}

/** Writes a new file that only its owner can read. Never overwrites: the old key may be the only one that can prove old marks. */
export async function writeSecret(path: string, contents: string): Promise<void> {
  try {
    await writeFile(path, contents, { flag: "wx", mode: 0o600 });
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === "EEXIST";
    const reason = exists
      ? "exists, and keys are never overwritten"
      : `cannot be written: ${(cause as Error).message}`;
    throw new VerdigrisError("FILE_UNWRITABLE", `--out: ${path} ${reason}`, { cause });
  }
}
