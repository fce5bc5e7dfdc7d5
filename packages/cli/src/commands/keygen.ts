import { writeFile } from "node:fs/promises";
import { Key, VerdigrisError } from "@verdigris/core";
import { Command } from "commander";
import { type Io, locate, print, tell } from "../io.js";

/** `verdigris keygen`: a new random key. */
export function keygenCommand(io: Io): Command {
  return new Command("keygen")
    .description(
      "make a new key: 32 random bytes as 64 hex digits; the key's public id goes to standard error",
    )
    .option(
      "--out <file>",
      "write to a new file that only you can read, instead of standard output",
    )
    .action(async ({ out }: { readonly out?: string }) => {
      const key = Key.fromBytes(globalThis.crypto.getRandomValues(new Uint8Array(32)));
      if (out === undefined) await print(io, `${key.reveal()}\n`);
      else await writeNew(locate(io, out), `${key.reveal()}\n`);
      tell(io, `key id ${key.id}`);
    });
}

/** Never overwrites: the old key may be the only one that can prove old marks. */
async function writeNew(path: string, contents: string): Promise<void> {
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
