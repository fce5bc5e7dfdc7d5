import { writeFile } from "node:fs/promises";
import { VerdigrisError } from "@verdigris/core";
import { type BayesianExample, gWords, trainBayesian } from "@verdigris/detector";
import { Command } from "commander";
import { readKey, readProfile } from "../../files.js";
import { type Io, locate, print } from "../../io.js";
import { keyFileOption, numberOption, profileOption } from "../../options.js";
import { type MarkOptions, textsOf } from "./examination.js";

interface TrainCommandOptions extends MarkOptions {
  readonly marked: readonly string[];
  readonly unmarked: readonly string[];
  readonly seed: number;
  readonly out: string;
}

/** `verdigris examine train`: weights of SynthID's Bayesian score from texts of known origin. */
export function trainCommand(io: Io): Command {
  return new Command("train")
    .description("fit SynthID's Bayesian score to texts with and without the mark")
    .requiredOption("--marked <file...>", "texts with the mark")
    .requiredOption("--unmarked <file...>", "texts without it")
    .addOption(profileOption())
    .addOption(keyFileOption())
    .option("--tokenizer <file>", "tokenizer.json (default: the one beside the profile)")
    .option("--field <name>", "field or column that holds the text of a record", "text")
    .addOption(
      numberOption("--seed <n>", "of the training's randomness", {
        min: 0,
        max: Number.MAX_SAFE_INTEGER,
        whole: true,
      }).default(1),
    )
    .requiredOption("--out <file>", "new file of weights (JSON)")
    .action((options: TrainCommandOptions) => train(io, options));
}

async function train(io: Io, options: TrainCommandOptions): Promise<void> {
  const profile = await readProfile(locate(io, options.profile));
  const key = await readKey(io, profile, options.keyFile);
  const examples: BayesianExample[] = [];
  for (const [files, marked] of [
    [options.marked, true],
    [options.unmarked, false],
  ] as const) {
    for (const text of await textsOf(io, files, { profile, options })) {
      examples.push({ words: gWords(profile, key, { texts: [text] }).words, marked });
    }
  }
  const { randomStream } = await import("@verdigris/survival");
  const { depth } = profile.parameters as { readonly depth: number };
  const random = randomStream("bayesian", options.seed);
  const { model, l2, heldOutLoss } = trainBayesian(examples, { depth, random });
  const weights = {
    version: 1,
    profile: profile.id,
    depth,
    prior: model.prior,
    beta: [...model.beta],
    delta: [...model.delta],
    l2,
    heldOutLoss,
  };
  const path = locate(io, options.out);
  try {
    await writeFile(path, `${JSON.stringify(weights)}\n`, { flag: "wx" });
  } catch (cause) {
    const message = `${path} cannot be written: ${(cause as Error).message}`;
    throw new VerdigrisError("FILE_UNWRITABLE", message, { cause });
  }
  const guess = Math.LN2.toFixed(4);
  await print(
    io,
    `${examples.length} texts; held-out cross-entropy of a coin ${heldOutLoss.toFixed(4)} nats (a guess: ${guess})\n`,
  );
}
