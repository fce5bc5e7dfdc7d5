/** What the special tests of single marks share: texts in, figures with a p-value out. */
import { type Key, type Profile, VerdigrisError } from "@verdigris/core";
import type { Piece } from "@verdigris/detector";
import { Command } from "commander";
import { readKey, readProfile, tokenizerOf } from "../../files.js";
import { type Io, locate, locateInputs, print } from "../../io.js";
import { alphaOption, formatOption, keyFileOption, profileOption } from "../../options.js";
import { type TextReading, readPieces } from "../../pieces.js";
import { tokenisingHere } from "../../tokenising.js";

/** What a test found. */
export interface Examined {
  /** log10 of a valid p-value under H0: the texts are independent of the key. */
  readonly log10P: number;
  readonly figures: Readonly<Record<string, number | null>>;
  /** What a reader must know of the figures. */
  readonly notes: readonly string[];
}

/** Options of every test. */
export interface ExamineOptions {
  readonly tokenizer?: string;
  readonly field: string;
  readonly alpha: number;
  readonly format: "text" | "json";
}

/** Options of tests with a profile and a key. */
export interface MarkOptions extends ExamineOptions {
  readonly profile: string;
  readonly keyFile?: string;
}

/** What a test is given. */
export interface MarkedTexts {
  readonly profile: Profile;
  readonly key: Key;
  readonly texts: readonly Piece[];
}

/** A command with files and the options of every test. */
export function examineCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument("<file...>", "texts or records, as `score` takes them; all together are one test")
    .option("--tokenizer <file>", "tokenizer.json (default: the one beside the profile)")
    .option("--field <name>", "field or column that holds the text of a record", "text")
    .addOption(alphaOption("chance of a false alarm"))
    .addOption(formatOption(["text", "json"]))
    .addHelpText("after", "\nExit codes: 0 p ≤ α, 1 p > α, 2 usage or input.");
}

/** The same with `--profile` and `--key-file`. */
export function markCommandOf(name: string, description: string): Command {
  return examineCommand(name, description).addOption(profileOption()).addOption(keyFileOption());
}

/** Profile, key and texts that the options name. */
export async function markedTexts(
  io: Io,
  files: readonly string[],
  options: MarkOptions,
): Promise<MarkedTexts> {
  const profile = await readProfile(locate(io, options.profile));
  const key = await readKey(io, profile, options.keyFile);
  return { profile, key, texts: await textsOf(io, files, { profile, options }) };
}

/** Whole texts in a profile's tokens. @throws VerdigrisError FILE_INVALID for a record that cannot be used */
export async function textsOf(
  io: Io,
  files: readonly string[],
  { profile, options }: { readonly profile: Profile; readonly options: MarkOptions },
): Promise<readonly Piece[]> {
  const path = options.tokenizer === undefined ? undefined : locate(io, options.tokenizer);
  const tokenizer = tokenizerOf(profile, { profilePath: locate(io, options.profile), path });
  return read(io, files, {
    profile,
    tokenising: tokenisingHere(tokenizer),
    options: { stdin: io.stdin, field: options.field },
  });
}

/** The pieces of all files; a long document is joined. */
export async function read(
  io: Io,
  files: readonly string[],
  reading: TextReading,
): Promise<readonly Piece[]> {
  const texts: Piece[] = [];
  for await (const item of readPieces(await locateInputs(io, files), reading)) {
    if (item.kind === "problem") throw new VerdigrisError("FILE_INVALID", item.message);
    if (item.kind !== "piece") continue;
    const { tokens, continues, prompt } = item.piece;
    const before = continues === true ? texts.pop() : undefined;
    const joined = before === undefined ? tokens : Uint32Array.from([...before.tokens, ...tokens]);
    const shown = before?.prompt ?? prompt;
    texts.push({ tokens: joined, ...(shown === undefined ? {} : { prompt: shown }) });
  }
  return texts;
}

/** Prints what was found, and gives the exit code. */
export async function report(
  io: Io,
  { log10P, figures, notes }: Examined,
  { alpha, format }: Pick<ExamineOptions, "alpha" | "format">,
): Promise<number> {
  const detected = log10P <= Math.log10(alpha);
  const verdict = detected ? "detected" : "not-detected";
  const rows = Object.entries(figures).map(
    ([name, value]) => `  ${name.padEnd(14)}${value ?? "none"}`,
  );
  const head = `${verdict} (log10 p ${log10P.toFixed(2)}, α = ${alpha})`;
  await print(
    io,
    format === "json"
      ? `${JSON.stringify({ version: 1, verdict, alpha, log10P, figures, notes }, null, 2)}\n`
      : `${[head, ...rows, ...notes.map((note) => `Note: ${note}.`)].join("\n")}\n`,
  );
  return detected ? 0 : 1;
}
