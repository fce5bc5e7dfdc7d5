import { type Key, type Profile, bindScheme, createKernel, moments } from "@verdigris/core";
import { hasPeerDetector } from "@verdigris/detector/peers";
import { type ReadProblem, type TextFormat, textFormats } from "@verdigris/text";
import { Command, Option } from "commander";
import { appendSummary } from "../step-summary.js";
import { isSameFile, keyMismatch, readKey, readProfile, tokenizerOf } from "../files.js";
import type { Setting } from "../formats/format.js";
import { type FormatName, formats } from "../formats/index.js";
import { type Io, locate, locateInputs, printAll, tell } from "../io.js";
import {
  alphaOption,
  exitZeroOption,
  formatOption,
  keyFileOption,
  memoryOption,
  numberOption,
  profileOption,
  workersOption,
} from "../options.js";
import type { ReportSource } from "../report/index.js";
import { type ScoreObserver, type ScoreRequest, scoreFiles } from "../scoring.js";
import { TokenisingPool } from "../tokenising.js";
import { packageVersion } from "../version.js";
import { type WeighingOptions, weighingOf, weighingOptions } from "../weighing.js";

/** Exit codes of `score`; a broken record is told by `PROBLEM`, whatever the verdict. */
export const SCORE_EXIT = { detected: 0, "not-detected": 1, "too-short": 3 } as const;
const PROBLEM = 2;

/** A remembered coin takes at most 25.6 bytes. */
const COINS_PER_MEBIBYTE = 40_960;

interface ScoreOptions extends WeighingOptions {
  readonly profile: string;
  readonly keyFile?: string;
  readonly tokenizer?: string;
  readonly alpha: number;
  readonly decoys: number | "auto";
  readonly memory: number;
  readonly workers: number;
  readonly perDocument: boolean;
  readonly asPeer: boolean;
  readonly input?: TextFormat;
  readonly field: string;
  readonly format: FormatName;
  readonly exitZero: boolean;
  readonly report?: string;
}

/** `verdigris score`: tests texts for the mark of a key. */
export function scoreCommand(io: Io, finish: (exitCode: number) => void): Command {
  const command = new Command("score")
    .description("test texts for the mark of a key")
    .argument(
      "<file...>",
      "texts (.txt, .md) or records (.jsonl, .csv, .parquet), also with .gz, .br or .zst; directories and quoted " +
        "patterns of them; - is standard input",
    )
    .addOption(profileOption())
    .addOption(keyFileOption())
    .option(
      "--tokenizer <file>",
      "tokenizer.json of the profile (default: the one beside the profile)",
    )
    .addOption(alphaOption("chance of a false alarm"))
    .addOption(decoysOption())
    .addOption(memoryOption())
    .addOption(workersOption())
    .option("--as-peer", "also the figures that the mark's own project would print", false)
    .option("--per-document", "a verdict for each document besides", false)
    .addOption(
      new Option("--input <format>", "what the files hold (default: by name; - is text)").choices(
        textFormats,
      ),
    )
    .option("--field <name>", "field or column that holds the text of a record", "text")
    .addOption(formatOption(Object.keys(formats)))
    .option("--report <file>", "also write a self-contained HTML report")
    .addOption(exitZeroOption())
    .addHelpText(
      "after",
      "\nExit codes: 0 detected, 1 not detected, 2 usage or input, 3 too short.",
    )
    .action(async (files: readonly string[], options: ScoreOptions) => {
      finish(await score(io, files, options));
    });
  for (const option of weighingOptions()) command.addOption(option);
  return command;
}

function decoysOption(): Option {
  const range = { min: 0, max: 1e6, whole: true } as const;
  return numberOption("--decoys <n>", "decoy keys", range).default(
    "auto",
    "99, and where they can change the verdict as many as that takes",
  );
}

async function score(io: Io, files: readonly string[], options: ScoreOptions): Promise<number> {
  const profile = await readProfile(locate(io, options.profile));
  const key = await readKey(io, profile, options.keyFile);
  if (options.asPeer && !hasPeerDetector(profile)) {
    throw new TypeError(
      `--as-peer: expected a profile of another project's mark, got ${profile.scheme}`,
    );
  }
  const request = await requestOf(io, { profile, key }, options);
  const setting = settingOf(profile, key, request);
  for (const warning of setting.warnings) tell(io, `warning: ${warning}`);
  const paths = await locateInputs(io, files);
  const report = await reporter(io, options, paths);
  const result = await scoreFiles(paths, { ...request, observer: report?.observer }).finally(
    async () => {
      await request.reading.tokenising.close();
      await request.weighing?.close();
    },
  );
  try {
    try {
      await printAll(io, formats[options.format](result, setting));
    } finally {
      // Also when nobody reads standard output to its end.
      await appendSummary(io, formats.md(result, setting));
      await report?.write({ request, paths, result, setting });
    }
    if (result.problems.length > 0) return PROBLEM;
    return options.exitZero ? 0 : SCORE_EXIT[result.pooled.kind];
  } finally {
    result.close();
  }
}

interface Reporter {
  readonly observer: ScoreObserver;
  readonly write: (source: Omit<ReportSource, "kept">) => Promise<void>;
}

/** Loaded on demand: most calls draw no charts. @throws TypeError for a report in the place of what it is made from */
async function reporter(
  io: Io,
  { report, profile, keyFile, tokenizer }: ScoreOptions,
  paths: readonly string[],
): Promise<Reporter | null> {
  if (report === undefined) return null;
  const path = locate(io, report);
  const given = [profile, keyFile, tokenizer].flatMap((file) => file ?? []);
  for (const source of [...paths, ...given.map((file) => locate(io, file))]) {
    if (await isSameFile(path, source))
      throw new TypeError(`--report: expected a file that is not read, got ${report}`);
  }
  const { Collector, writeReport } = await import("../report/index.js");
  const observer = new Collector();
  return {
    observer,
    write: (source) => writeReport(path, { ...source, kept: observer.kept() }),
  };
}

async function requestOf(
  io: Io,
  { profile, key }: { readonly profile: Profile; readonly key: Key },
  options: ScoreOptions,
): Promise<ScoreRequest> {
  const path = options.tokenizer === undefined ? undefined : locate(io, options.tokenizer);
  const where = { profilePath: locate(io, options.profile), path };
  const tokenizer = tokenizerOf(profile, where);
  // A tokenizer named on purpose is checked even if all texts come with their tokens.
  if (path !== undefined) await tokenizer();
  const { alpha, decoys, memory, perDocument, asPeer, input, field, workers } = options;
  const format = input === undefined ? {} : { format: input };
  const tokenising = new TokenisingPool(tokenizer, { profile, where }, { workers });
  return {
    reading: { profile, tokenising, options: { stdin: io.stdin, field, ...format } },
    key,
    kernel: createKernel(),
    alpha,
    decoys,
    memory: memory * COINS_PER_MEBIBYTE,
    weighing: await weighingOf(io, profile, options),
    perDocument,
    asPeer,
    onProblem: (problem) => tell(io, `error: ${place(problem)}`),
  };
}

function settingOf(profile: Profile, key: Key, { kernel, weighing }: ScoreRequest): Setting {
  const { law, weaknesses } = bindScheme(profile, key, kernel);
  const mismatch = keyMismatch(profile, key);
  const warnings = [
    ...(mismatch === null ? [] : [mismatch]),
    ...weaknesses.map(({ name, message }) => `${name}: ${message}`),
  ];
  return {
    program: packageVersion(),
    profile: profile.id,
    keyId: key.id,
    law: law.kind,
    nullMean: moments(law).mean,
    ...(weighing === null ? {} : { weights: weighing.kind, weightsInWords: weighing.words }),
    warnings,
  };
}

function place({ path, line, message }: ReadProblem): string {
  return line === undefined ? message : `${path}:${line}: ${message}`;
}
