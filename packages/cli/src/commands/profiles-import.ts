import { writeFile } from "node:fs/promises";
import { VerdigrisError, bindScheme, keyFromText, parseProfile } from "@verdigris/core";
import { readTokenizer } from "@verdigris/text";
import { Command, Option } from "commander";
import { readText } from "../files.js";
import { importers } from "../importers/index.js";
import { type Io, locate, tell } from "../io.js";
import { numberOption } from "../options.js";

interface ImportOptions {
  readonly kind: string;
  readonly V: number;
  readonly tokenizer: string;
  readonly id: string;
  readonly out: string;
  readonly keyOut?: string;
}

/** `verdigris profiles import`: another project's configuration as a profile, its key in a file of its own. */
export function profilesImportCommand(io: Io): Command {
  const kinds = importers.map(({ kind, summary }) => `  ${kind.padEnd(10)}${summary}`).join("\n");
  return new Command("import")
    .description("make a profile of another project's configuration file")
    .argument("<file>", "configuration (JSON)")
    .addOption(
      new Option("--kind <kind>", "whose configuration it is")
        .choices(importers.map(({ kind }) => kind))
        .makeOptionMandatory(),
    )
    .addOption(
      numberOption("--V <n>", "vocabulary size that the engine used, padding included", {
        min: 2,
        max: 2 ** 19,
        whole: true,
      }).makeOptionMandatory(),
    )
    .requiredOption("--tokenizer <file>", "tokenizer.json")
    .requiredOption("--id <id>", "name of the profile")
    .requiredOption("--out <file>", "new profile")
    .option("--key-out <file>", "new file for the configuration's key, readable by you alone")
    .addHelpText("after", `\nKinds:\n${kinds}`)
    .action((file: string, options: ImportOptions) => run(io, file, options));
}

async function run(io: Io, file: string, options: ImportOptions): Promise<void> {
  const importer = importers.find(({ kind }) => kind === options.kind);
  if (importer === undefined) throw new TypeError(`--kind: unknown kind ${options.kind}`);
  const { key, ...fields } = importer.read(await readConfigFile(locate(io, file)));
  const { identity } = await readTokenizer(locate(io, options.tokenizer), options.id);
  const profile = parseProfile({
    id: options.id,
    version: 1,
    ...fields,
    V: options.V,
    tokenizer: { id: options.id, sha256: identity.sha256 },
    promptRule: "exclude-windows",
    specialTokens: [],
    validFrom: null,
    validTo: null,
    keyId: null,
  });
  if (key !== null) bindScheme(profile, keyFromText(profile, key));
  await writeNew(locate(io, options.out), `${JSON.stringify(profile, null, 2)}\n`, 0o644);
  if (key === null) return;
  if (options.keyOut === undefined) {
    tell(
      io,
      "the configuration has a key: name a file with --key-out to keep it; it is not in the profile",
    );
  } else await writeNew(locate(io, options.keyOut), `${key}\n`, 0o600);
}

/** A configuration's JSON; whole numbers that a double cannot hold come as text, digit for digit. */
async function readConfigFile(path: string): Promise<unknown> {
  const text = await readText(path);
  const exact = text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g, (part) =>
    /^-?\d+$/.test(part) && !Number.isSafeInteger(Number(part)) ? `"${part}"` : part,
  );
  try {
    return JSON.parse(exact.replace(/^\ufeff/, "")) as unknown;
  } catch {
    throw new VerdigrisError("FILE_INVALID", `${path} is not JSON`);
  }
}

/** Never overwrites. */
async function writeNew(path: string, contents: string, mode: number): Promise<void> {
  try {
    await writeFile(path, contents, { flag: "wx", mode });
  } catch (cause) {
    throw new VerdigrisError(
      "FILE_UNWRITABLE",
      `${path} cannot be written: ${(cause as Error).message}`,
      { cause },
    );
  }
}
