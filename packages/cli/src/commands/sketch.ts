import { createKernel } from "@verdigris/core";
import { ServingSketch } from "@verdigris/detector";
import { type TextFormat, textFormats, writeWhole } from "@verdigris/text";
import { Command, Option } from "commander";
import { readProfile, tokenizerOf } from "../files.js";
import { type Io, locate, locateInputs, print, tell } from "../io.js";
import { numberOption } from "../options.js";
import { readPieces } from "../pieces.js";
import { tokenisingHere } from "../tokenising.js";

interface SketchOptions {
  readonly profile?: string;
  readonly collected?: readonly string[];
  readonly keyId?: string;
  readonly tokenizer?: string;
  readonly input?: TextFormat;
  readonly field: string;
  readonly width: number;
  readonly out: string;
}

/** `verdigris sketch`: how often each window was served, for `score --weights leverage`. */
export function sketchCommand(io: Io, finish: (exitCode: number) => void): Command {
  return new Command("sketch")
    .description(
      "count how often each window of tokens was served, approximately, in one small file",
    )
    .argument("[file...]", "served texts, as for score; or --collected")
    .option("--profile <file>", "profile of the mark (JSON), with texts")
    .option("--collected <dir...>", "instead of texts: what a server counted there of --key-id")
    .option("--key-id <id>", "key of --collected, 16 hex digits")
    .option("--tokenizer <file>", "tokenizer.json of the profile (default: beside the profile)")
    .addOption(
      new Option("--input <format>", "what the files hold (default: by name)").choices(textFormats),
    )
    .option("--field <name>", "field or column that holds the text of a record", "text")
    .addOption(
      numberOption("--width <bits>", "2^bits counters a row, of four rows", {
        min: 8,
        max: 26,
        whole: true,
      }).default(18),
    )
    .requiredOption("--out <file>", "where to write it; keep it private")
    .action(async (files: readonly string[], options: SketchOptions) => {
      finish(await sketch(io, files, options));
    });
}

async function sketch(io: Io, files: readonly string[], options: SketchOptions): Promise<number> {
  const { profile, collected } = options;
  if ((collected === undefined) === (files.length === 0)) {
    throw new TypeError("sketch: expected either files or --collected DIR, and not both");
  }
  if (collected !== undefined) return keySketch(io, collected, options);
  if (profile === undefined) throw new TypeError("--profile: expected it with files, got nothing");
  return textSketch(io, files, { ...options, profile });
}

/** The sketch of one key, over all groups and instances. */
async function keySketch(
  io: Io,
  directories: readonly string[],
  { keyId, out }: SketchOptions,
): Promise<number> {
  if (keyId === undefined) throw new TypeError("--key-id: expected it with --collected");
  const { collections } = await import("@verdigris/gateway/collection");
  let all: ServingSketch | null = null;
  for await (const { scope, sketch: own } of collections(directories.map((d) => locate(io, d)))) {
    if (own === null || scope.by.kind !== "key" || scope.by.keyId !== keyId) continue;
    if (all === null) all = own;
    else all.merge(own);
  }
  if (all === null)
    throw new TypeError(`--key-id: expected a key that was collected, got ${keyId}`);
  return finished(io, all, out);
}

async function textSketch(
  io: Io,
  files: readonly string[],
  options: SketchOptions & { readonly profile: string },
): Promise<number> {
  const profile = await readProfile(locate(io, options.profile));
  const path = options.tokenizer === undefined ? undefined : locate(io, options.tokenizer);
  const where = { profilePath: locate(io, options.profile), path };
  const { field, input } = options;
  const reading = {
    profile,
    tokenising: tokenisingHere(tokenizerOf(profile, where)),
    options: { stdin: io.stdin, field, ...(input === undefined ? {} : { format: input }) },
  };
  const salt = globalThis.crypto.getRandomValues(new Uint8Array(32));
  const counted = new ServingSketch(
    { h: profile.h, width: 2 ** options.width, salt },
    createKernel(),
  );
  let problems = 0;
  for await (const item of readPieces(await locateInputs(io, files), reading)) {
    if (item.kind === "piece") counted.add(item.piece.tokens);
    if (item.kind !== "problem") continue;
    problems++;
    tell(
      io,
      `error: ${item.path}${item.line === undefined ? "" : `:${item.line}`}: ${item.message}`,
    );
  }
  await finished(io, counted, options.out);
  return problems > 0 ? 2 : 0;
}

async function finished(io: Io, counted: ServingSketch, out: string): Promise<number> {
  await writeWhole(locate(io, out), counted.toBytes(), { isPrivate: true });
  const { excess } = counted.errorBound;
  await print(
    io,
    `${counted.total} windows; a count is at most ${Math.ceil(excess)} too high, with few exceptions\n`,
  );
  return 0;
}
