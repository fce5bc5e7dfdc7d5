import { Key } from "@verdigris/core";
import { Command } from "commander";
import { writeSecret } from "../files.js";
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
      else await writeSecret(locate(io, out), `${key.reveal()}\n`);
      tell(io, `key id ${key.id}`);
    });
}
