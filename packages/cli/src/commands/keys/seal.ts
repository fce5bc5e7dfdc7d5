import { Key } from "@verdigris/core";
import { sealKey } from "@verdigris/gateway/registry";
import { Command } from "commander";
import { readKeyFile, writeSecret } from "../../files.js";
import { type Io, locate, tell } from "../../io.js";
import { passphrase, passphraseOption } from "../../keys/master.js";

interface SealOptions {
  readonly keyFile: string;
  readonly out: string;
  readonly passphraseFile?: string;
}

/** 64 hex digits and some white space. */
const MAX_BYTES = 200;

/** `verdigris keys seal`: a key file, encrypted. */
export function sealCommand(io: Io): Command {
  return new Command("seal")
    .description("encrypt a key file under a passphrase; the old file is yours to remove")
    .requiredOption("--key-file <file>", "file with the key, 64 hex digits")
    .requiredOption("--out <file>", "new file for the sealed key")
    .addOption(passphraseOption())
    .action(async ({ keyFile, out, ...options }: SealOptions) => {
      const key = Key.fromText(await readKeyFile(io, locate(io, keyFile), MAX_BYTES));
      const random = (length: number): Uint8Array =>
        globalThis.crypto.getRandomValues(new Uint8Array(length));
      const sealed = await sealKey(key, await passphrase(io, options), { random });
      await writeSecret(locate(io, out), `${JSON.stringify(sealed, null, 2)}\n`);
      tell(io, `key id ${key.id}`);
    });
}
