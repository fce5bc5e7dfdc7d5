import { join } from "node:path";
import { type Profile, VerdigrisError } from "@verdigris/core";
import type { DatasetFormat, Lesson } from "@verdigris/survival";
import { type Tokenizer, normalise, readDocuments, writeWhole } from "@verdigris/text";
import { Command, Option } from "commander";
import { readProfile, tokenizerOf } from "../files.js";
import { type Io, locate, locateInputs, tell } from "../io.js";
import { numberOption, profileOption } from "../options.js";

interface DatasetOptions {
  readonly profile: string;
  readonly tokenizer?: string;
  readonly marked: readonly string[];
  readonly unmarked: readonly string[];
  readonly rho: number;
  readonly tokens: number;
  readonly format: string;
  readonly name: string;
  readonly seed: number;
  readonly out: string;
}

/** Names of the formats; the registry itself is loaded when a dataset is made. */
const FORMATS = ["trl", "llama-factory-sharegpt", "llama-factory-alpaca", "axolotl"];

/** `verdigris dataset`: what a trainer is given, so that its student may be audited. */
export function datasetCommand(io: Io): Command {
  return new Command("dataset")
    .description(
      "mix marked and unmarked answers into a fine-tuning dataset, to train a student that an audit can judge",
    )
    .addOption(profileOption())
    .option("--tokenizer <file>", "tokenizer.json of the profile; default: the one beside it")
    .option("--marked <file...>", "marked answers: records with prompt and text, or tokens", [])
    .option("--unmarked <file...>", "unmarked answers of the same kind", [])
    .addOption(
      numberOption("--rho <share>", "marked share, in tokens", { min: 0, max: 1 }).default(1),
    )
    .addOption(
      numberOption("--tokens <n>", "tokens of all answers", {
        min: 1,
        max: 1e9,
        whole: true,
      }).makeOptionMandatory(),
    )
    .addOption(new Option("--format <format>", "the trainer").choices(FORMATS).default("trl"))
    .addOption(
      new Option("--name <name>", "name of the dataset").argParser(nameOf).default("train"),
    )
    .addOption(
      numberOption("--seed <n>", "which answers, in which order", {
        min: 0,
        max: Number.MAX_SAFE_INTEGER,
        whole: true,
      }).default(1),
    )
    .requiredOption("--out <dir>", "where the files go")
    .action((options: DatasetOptions) => writeDataset(io, options));
}

async function writeDataset(io: Io, options: DatasetOptions): Promise<void> {
  const { datasetFormats, digestOf, mixedDataset, randomStream } =
    await import("@verdigris/survival");
  const format = datasetFormats.find(({ name }) => name === options.format) as DatasetFormat;
  const profilePath = locate(io, options.profile);
  const profile = await readProfile(profilePath);
  const path = options.tokenizer === undefined ? undefined : locate(io, options.tokenizer);
  const tokenizer = await tokenizerOf(profile, { profilePath, path })();
  const source = { profile, tokenizer };
  const { rho, tokens, seed, name } = options;
  const mixed = mixedDataset(
    {
      marked: await lessonsOf(io, options.marked, source),
      unmarked: await lessonsOf(io, options.unmarked, source),
    },
    { rho, tokens, random: randomStream("dataset", seed), decode: (ids) => tokenizer.decode(ids) },
  );
  const file = `${name}.jsonl`;
  const lines = mixed.examples.map((example) => `${JSON.stringify(format.record(example))}\n`);
  const files = { [file]: lines.join(""), ...format.companions(name, file) };
  const out = locate(io, options.out);
  for (const [named, content] of Object.entries(files)) await writeWhole(join(out, named), content);
  const digest = digestOf(mixed.examples);
  const about = { version: 1, format: format.name, profile: profile.id, seed, digest };
  const counts = { examples: lines.length, tokens: mixed.tokens, rho: mixed.rho };
  await writeWhole(
    join(out, "verdigris-dataset.json"),
    `${JSON.stringify({ ...about, ...counts, files: Object.keys(files) }, null, 2)}\n`,
  );
  tell(
    io,
    `wrote ${Object.keys(files).join(", ")} in ${out}: ${lines.length} examples, ${mixed.tokens} tokens, rho ${mixed.rho}`,
  );
}

interface LessonSource {
  readonly profile: Profile;
  readonly tokenizer: Tokenizer;
}

/** @throws VerdigrisError FILE_INVALID for a record without prompt, or with ids that the profile does not have */
async function lessonsOf(
  io: Io,
  inputs: readonly string[],
  { profile, tokenizer }: LessonSource,
): Promise<readonly Lesson[]> {
  const lessons: Lesson[] = [];
  for (const path of await locateInputs(io, inputs)) {
    for await (const item of readDocuments(path, { stdin: io.stdin })) {
      if (item.kind === "problem") throw invalid(`${item.path}:${item.line ?? 1}`, item.message);
      if (item.prompt === undefined) throw invalid(item.id, "expected a field `prompt`, got none");
      if (!item.last) throw invalid(item.id, "expected an answer, got a text too long for one");
      const tokens = item.tokens ?? tokenizer.encode(normalise(item.text).text);
      if (tokens.some((id) => id >= profile.V))
        throw invalid(item.id, `expected token ids below V = ${profile.V}`);
      if (tokens.length > 0) lessons.push({ prompt: item.prompt, answer: item.text, tokens });
    }
  }
  return lessons;
}

function invalid(where: string, message: string): VerdigrisError {
  return new VerdigrisError("FILE_INVALID", `${where}: ${message}`);
}

function nameOf(text: string): string {
  if (/^[a-z0-9][a-z0-9_-]{0,63}$/i.test(text)) return text;
  throw new TypeError(
    `--name: expected letters, digits, - and _, got ${JSON.stringify(text.slice(0, 80))}`,
  );
}
