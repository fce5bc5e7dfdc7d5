/** The provider's master key, and the registry it opens. */
import { Key, VerdigrisError } from "@verdigris/core";
import { Registry, isSealed, openSealedKey } from "@verdigris/gateway/registry";
import { type Command, Option } from "commander";
import { readText } from "../files.js";
import { type Io, locate } from "../io.js";
import { type KeySource, secretFrom } from "../serve/key-source.js";

/** Where the registry and its master key are. */
export interface RegistryOptions {
  readonly registry?: string;
  readonly provider: string;
  readonly masterFile?: string;
  readonly masterCommand?: string;
  readonly passphraseFile?: string;
}

/** The options of every command that opens a registry. */
export function withRegistry(command: Command): Command {
  return command
    .option("--registry <url>", "sqlite:FILE or postgres://…; else VERDIGRIS_REGISTRY")
    .requiredOption("--provider <name>", "whose registry it is; enters every key's derivation")
    .addOption(masterFileOption())
    .option("--master-command <program>", "program that prints the master key, of a key manager")
    .addOption(passphraseOption());
}

function masterFileOption(): Option {
  const description = "file with the master key, plain or sealed; else VERDIGRIS_MASTER_KEY";
  return new Option("--master-file <file>", description).conflicts("masterCommand");
}

/** `--passphrase-file FILE`, of a sealed key. */
export function passphraseOption(): Option {
  const description = "file with a sealed key's passphrase; else VERDIGRIS_PASSPHRASE";
  return new Option("--passphrase-file <file>", description);
}

/** Opens the registry for one use. */
export async function withOpenRegistry(
  io: Io,
  options: RegistryOptions,
  use: (registry: Registry) => Promise<void>,
): Promise<void> {
  const registry = await openRegistry(io, options);
  try {
    await use(registry);
  } finally {
    await registry.close();
  }
}

/** Opens the registry, and makes it where there is none. @throws VerdigrisError, TypeError */
function openRegistry(io: Io, options: RegistryOptions): Promise<Registry> {
  const { registry: url, provider, passphraseFile } = options;
  const place = { provider, master: sourceOf(options), passphraseFile };
  return openRegistryAt(io, { url, ...place }, (path) => locate(io, path));
}

/** Where a registry is, however that was said. */
interface RegistryPlace {
  readonly url?: string | undefined;
  readonly provider: string;
  readonly master: KeySource;
  readonly passphraseFile?: string | undefined;
}

/** The same; `find` finds files. */
export async function openRegistryAt(
  io: Io,
  { provider, master, ...place }: RegistryPlace,
  find: (path: string) => string,
): Promise<Registry> {
  const url = place.url ?? io.env["VERDIGRIS_REGISTRY"] ?? "";
  if (url === "") {
    throw new TypeError(
      "registry: expected an address, or VERDIGRIS_REGISTRY in the environment; got neither",
    );
  }
  const [, file] = /^sqlite:(.+)$/s.exec(url) ?? [];
  return Registry.open({
    url: file === undefined ? url : `sqlite:${find(file)}`,
    provider,
    master: await masterKey(io, await secretFrom(io, master, find), place),
  });
}

async function masterKey(
  io: Io,
  { text, source }: { readonly text: string; readonly source: string },
  place: Pick<RegistryPlace, "passphraseFile">,
): Promise<Key> {
  try {
    if (!isSealed(text)) return Key.fromText(text);
    return await openSealedKey(JSON.parse(text), await passphrase(io, place));
  } catch (cause) {
    if (cause instanceof TypeError) throw cause;
    // What is not JSON may be a key: it is not quoted.
    const reason = cause instanceof VerdigrisError ? cause.message : "is not a sealed key";
    throw new VerdigrisError("KEY_INVALID", `${source}: ${reason}`);
  }
}

function sourceOf({ masterFile, masterCommand }: RegistryOptions): KeySource {
  if (masterFile !== undefined) return { file: masterFile };
  return masterCommand === undefined
    ? { env: "VERDIGRIS_MASTER_KEY" }
    : { command: [masterCommand] };
}

/** A passphrase is never an argument, which other users of the machine can see. @throws TypeError without one */
export async function passphrase(
  io: Io,
  { passphraseFile }: Pick<RegistryPlace, "passphraseFile">,
): Promise<string> {
  const given =
    passphraseFile === undefined
      ? (io.env["VERDIGRIS_PASSPHRASE"] ?? "")
      : (await readText(locate(io, passphraseFile))).replace(/\r?\n$/, "");
  if (given !== "") return given;
  throw new TypeError(
    "passphrase: expected --passphrase-file FILE, or VERDIGRIS_PASSPHRASE in the environment; got neither",
  );
}
