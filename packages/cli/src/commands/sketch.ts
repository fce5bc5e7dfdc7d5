import { createKernel } from "@verdigris/core";
import { ServingSketch } from "@verdigris/detector";
import { type TextFormat, textFormats, writeWhole } from "@verdigris/text";
import { Command, Option } from "commander";
import { readProfile, tokenizerOf } from "../files.js";
import { type Io, locate, locateInputs, print, tell } from "../io.js";
import { numberOption, profileOption } from "../options.js";
import { readPieces } from "../pieces.js";
import { tokenisingHere } from "../tokenising.js";

interface SketchOptions {
  readonly profile: string;
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
    .argument("<file...>", "served texts, as for score")
    .addOption(profileOption())
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
  await writeWhole(locate(io, options.out), counted.toBytes());
  const { excess } = counted.errorBound;
  await print(
    io,
    `${counted.total} windows; a count is at most ${Math.ceil(excess)} too high, with few exceptions\n`,
  );
  return problems > 0 ? 2 : 0;
}
