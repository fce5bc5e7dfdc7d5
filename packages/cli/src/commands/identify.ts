import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Key, type Profile, VerdigrisError, createKernel } from "@verdigris/core";
import { type Candidate, type Piece, identify } from "@verdigris/detector";
import { type Tokenizer, readTokenizer } from "@verdigris/text";
import { Command } from "commander";
import { parseKey, readJsonFile, readKeyFile, readProfile, tokenizerOf } from "../files.js";
import { type IdentifyFormat, identifyFormats } from "../formats/identify.js";
import { type Io, locate, locateInputs, printAll, tell } from "../io.js";
import { alphaOption, exitZeroOption, formatOption } from "../options.js";
import { readPieces } from "../pieces.js";
import { tokenisingHere } from "../tokenising.js";

/** Largest file of keys. */
const MAX_KEYS_FILE = 64 << 20;

interface IdentifyOptions {
  readonly profiles: string;
  readonly keys: string;
  readonly tokenizer: readonly string[];
  readonly alpha: number;
  readonly field: string;
  readonly format: IdentifyFormat;
  readonly exitZero: boolean;
}

/** A profile and key, with the names a reader knows them by. */
interface Pair extends Candidate {
  readonly name: string;
  /** The profile's file. */
  readonly path: string;
}

/** `verdigris identify`: which of many marks a text carries. */
export function identifyCommand(io: Io, finish: (exitCode: number) => void): Command {
  return new Command("identify")
    .description("find which of many profiles and keys marks a text; none is an answer")
    .argument("<file...>", "files, directories or quoted patterns, as of score")
    .requiredOption("--profiles <dir>", "directory of profiles (*.json)")
    .requiredOption("--keys <file>", "keys, one a line: name, blank, key")
    .option(
      "--tokenizer <file>",
      "tokenizer.json of some profiles, repeatable (default: the one beside each profile)",
      (file: string, before: readonly string[]) => [...before, file],
      [] as readonly string[],
    )
    .addOption(alphaOption("chance of naming any mark in a text without one"))
    .option("--field <name>", "field of a record that holds the text", "text")
    .addOption(formatOption(Object.keys(identifyFormats)))
    .addOption(exitZeroOption())
    .addHelpText(
      "after",
      "\nExit codes: 0 a mark found, 1 none, 2 usage or input, 3 too short for all.",
    )
    .action(async (files: readonly string[], options: IdentifyOptions) => {
      finish(await run(io, files, options));
    });
}

async function run(io: Io, files: readonly string[], options: IdentifyOptions): Promise<number> {
  if (files.includes("-")) {
    throw new TypeError("file: expected files, got standard input, which can be read only once");
  }
  const profiles = await profilesIn(locate(io, options.profiles));
  const lines = await keysIn(io, locate(io, options.keys));
  const { pairs, unreadable } = pairsOf(profiles, lines);
  const texts = await textsOf(io, { files, pairs, options });
  const foreign = pairs.filter(({ profile }) => {
    const { sha256 } = profile.tokenizer;
    return largestId(texts.get(sha256) ?? []) >= profile.V;
  });
  for (const id of new Set(foreign.map(({ profile }) => profile.id)))
    tell(io, `warning: profile ${id} skipped: the text has tokens beyond its vocabulary`);
  const { results, misfits } = identify(
    pairs.filter((pair) => !foreign.includes(pair)),
    ({ profile }) => texts.get(profile.tokenizer.sha256) ?? [],
    { alpha: options.alpha, kernel: createKernel() },
  );
  if (results.length === 0 && foreign.length > 0) {
    throw new VerdigrisError(
      "FILE_INVALID",
      "the text has tokens beyond the vocabulary of every profile that a key fits",
    );
  }
  if (results.length === 0) {
    throw new TypeError(
      `--keys: expected a key that fits a profile, got ${lines.length} keys that fit none`,
    );
  }
  const unfit = unreadable + misfits.length;
  if (unfit > 0) tell(io, `warning: ${unfit} pairs skipped: the key is not of the profile's kind`);
  const identification = { results, alpha: options.alpha, skipped: unfit + foreign.length };
  await printAll(io, identifyFormats[options.format](identification));
  if (options.exitZero || results.some(({ kind }) => kind === "detected")) return 0;
  return results.every(({ kind }) => kind === "too-short") ? 3 : 1;
}

/** The largest token id of texts and prompts; −1 without any. */
function largestId(pieces: readonly Piece[]): number {
  let largest = -1;
  for (const { tokens, prompt = [] } of pieces) {
    for (const id of tokens) largest = Math.max(largest, id);
    for (const id of prompt) largest = Math.max(largest, id);
  }
  return largest;
}

/** A profile and the file it came from. */
interface Found {
  readonly path: string;
  readonly profile: Profile;
}

async function profilesIn(directory: string): Promise<readonly Found[]> {
  const names = await readdir(directory).catch((cause: unknown) => {
    throw new VerdigrisError(
      "FILE_NOT_FOUND",
      `--profiles: ${directory} is not a directory that can be read`,
      { cause },
    );
  });
  const found: Found[] = [];
  for (const name of names.filter((entry) => entry.endsWith(".json")).sort()) {
    const path = join(directory, name);
    const value = await readJsonFile(path);
    // Other JSON files, such as a tokenizer, are passed over.
    if (typeof value !== "object" || value === null || !("scheme" in value)) continue;
    found.push({ path, profile: await readProfile(path) });
  }
  if (found.length === 0)
    throw new TypeError(`--profiles: expected profiles (*.json) in ${directory}, got none`);
  return found;
}

interface KeyLine {
  readonly name: string;
  readonly text: string;
  readonly source: string;
}

async function keysIn(io: Io, path: string): Promise<readonly KeyLine[]> {
  const text = await readKeyFile(io, path, MAX_KEYS_FILE);
  return text.split(/\r?\n/).flatMap((line, i) => {
    if (line.trim() === "" || line.startsWith("#")) return [];
    const match = /^(\S+)\s+(\S.*)$/.exec(line.trim());
    const source = `${path}:${i + 1}`;
    if (match === null) {
      throw new VerdigrisError(
        "KEY_INVALID",
        `${source}: expected a name, a blank and a key, got one word`,
      );
    }
    return [{ name: match[1], text: match[2], source }];
  });
}

/** Every profile with every key it can read; the other pairs are counted. */
function pairsOf(
  profiles: readonly Found[],
  lines: readonly KeyLine[],
): { readonly pairs: readonly Pair[]; readonly unreadable: number } {
  const pairs: Pair[] = [];
  let unreadable = 0;
  for (const { profile, path } of profiles) {
    for (const line of lines) {
      const key = readable(profile, line);
      if (key === null) unreadable++;
      else pairs.push({ profile, key, name: line.name, path });
    }
  }
  return { pairs, unreadable };
}

function readable(profile: Profile, line: KeyLine): Key | null {
  try {
    return parseKey(profile, line);
  } catch (error) {
    if (error instanceof VerdigrisError && error.code === "KEY_INVALID") return null;
    throw error;
  }
}

/** The texts in tokens, by the tokenizer's digest: once for each. */
async function textsOf(
  io: Io,
  {
    files,
    pairs,
    options,
  }: {
    readonly files: readonly string[];
    readonly pairs: readonly Pair[];
    readonly options: IdentifyOptions;
  },
): Promise<ReadonlyMap<string, readonly Piece[]>> {
  const given = new Map<string, Tokenizer>();
  for (const path of options.tokenizer) {
    const tokenizer = await readTokenizer(locate(io, path));
    given.set(tokenizer.identity.sha256, tokenizer);
  }
  const texts = new Map<string, readonly Piece[]>();
  for (const { profile, path } of pairs) {
    const { sha256 } = profile.tokenizer;
    if (texts.has(sha256)) continue;
    const known = given.get(sha256);
    const tokenizer =
      known === undefined
        ? tokenizerOf(profile, { profilePath: path, path: undefined })
        : () => Promise.resolve(known);
    const pieces: Piece[] = [];
    const reading = {
      // Profiles with one tokenizer may differ in V, and in whether they leave the prompt out.
      profile: { V: Infinity, promptRule: "exclude-windows" } as const,
      tokenising: tokenisingHere(tokenizer),
      options: { stdin: io.stdin, field: options.field },
    };
    for await (const item of readPieces(await locateInputs(io, files), reading)) {
      if (item.kind === "problem") throw new VerdigrisError("FILE_INVALID", item.message);
      if (item.kind === "piece") pieces.push(item.piece);
    }
    texts.set(sha256, pieces);
  }
  return texts;
}
