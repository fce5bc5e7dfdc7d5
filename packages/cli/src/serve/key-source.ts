/** Where a key comes from: a file, the environment, or a command such as a key manager's. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Key, type Profile, VerdigrisError } from "@verdigris/core";
import * as z from "zod";
import { parseKey, readKeyFile } from "../files.js";
import type { Io } from "../io.js";

/** Largest key: a peer's longest and some white space. */
const MAX_BYTES = 4200;
const COMMAND_TIMEOUT_MS = 30_000;

/** One of three places; never the key itself. */
export const keySourceSchema = z.union([
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ env: z.string().min(1) }),
  z.strictObject({ command: z.array(z.string()).min(1) }),
]);

export type KeySource = z.infer<typeof keySourceSchema>;

/** Reads a key; `locate` finds a file. @throws VerdigrisError FILE_* or KEY_INVALID naming the place, never the key */
export async function keyFrom(
  io: Io,
  source: KeySource,
  { profile, locate }: { readonly profile: Profile; readonly locate: (path: string) => string },
): Promise<Key> {
  return parseKey(profile, await secretFrom(io, source, locate));
}

/** The text of a secret, and the name of its place. @throws VerdigrisError FILE_* or KEY_INVALID */
export async function secretFrom(
  io: Io,
  source: KeySource,
  locate: (path: string) => string,
): Promise<{ readonly text: string; readonly source: string }> {
  if ("file" in source) {
    const path = locate(source.file);
    return { text: await readKeyFile(io, path, MAX_BYTES), source: path };
  }
  if ("env" in source) {
    const text = io.env[source.env] ?? "";
    if (text === "") throw new VerdigrisError("KEY_INVALID", `${source.env} is not set`);
    return { text, source: source.env };
  }
  return { text: await output(io, source.command), source: source.command[0] };
}

/** What a command prints. What it says of an error is not shown: it may be about the key. */
async function output(io: Io, [command, ...args]: readonly string[]): Promise<string> {
  const options = { cwd: io.cwd, timeout: COMMAND_TIMEOUT_MS, maxBuffer: MAX_BYTES };
  try {
    const { stdout } = await promisify(execFile)(command, args, options);
    return stdout;
  } catch (error) {
    const { code, killed } = error as { code?: unknown; killed?: boolean };
    const why = killed === true ? "took too long or printed too much" : `failed (${String(code)})`;
    throw new VerdigrisError("KEY_INVALID", `the key command ${command} ${why}`);
  }
}
