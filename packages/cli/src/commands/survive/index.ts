import { Command, InvalidArgumentError, Option } from "commander";
import { readJsonFile } from "../../files.js";
import { type Io, locate } from "../../io.js";
import { formatOption, numberOption } from "../../options.js";
import { runExperimentFile } from "./experiment.js";
import { mergeStudy } from "./merge.js";
import type { SurviveOptions } from "./options.js";
import { workForQueue } from "./queue.js";
import { runStudyFile } from "./study.js";

/** `verdigris survive`: measures whether a mark survives distillation. */
export function surviveCommand(io: Io, finish: (exitCode: number) => void): Command {
  const survive: Command = new Command("survive")
    .description(
      "measure whether a mark survives distillation into a student; a run that was interrupted resumes",
    )
    // Not mandatory for commander, which would ask `merge` for it too.
    .option("--config <file>", "experiment or study (JSON); its paths are relative to it")
    .option("--out <dir>", "where the report and the forecasts go", "verdigris-report")
    .option("--cache <dir>", "where finished parts go, to be shared (default: cache in --out)")
    .addOption(workersOption())
    .addOption(shardOption())
    .option("--queue", "have the students of a study trained by `work` elsewhere, see there")
    .option(
      "--check <file>",
      "budgets (JSON) that the run must keep: power, false alarms, forecast error",
    )
    .option(
      "--baseline <file>",
      "with --check: report.json of an earlier run, whose excess must not be undercut",
    )
    .addOption(formatOption(["text", "json"]))
    .addHelpText(
      "after",
      "\nExit codes: 0 done and within budgets, 1 outside of one, 2 usage or input.",
    )
    .action(async (options: SurviveOptions) => {
      finish(await runFile(io, locate(io, configOf(survive, options)), options));
    });
  return survive.addCommand(mergeCommand(io, finish)).addCommand(workCommand(io));
}

function configOf(command: Command, { config }: SurviveOptions): string {
  if (config === undefined) command.error("error: required option '--config <file>' not specified");
  return config;
}

async function runFile(io: Io, path: string, options: SurviveOptions): Promise<number> {
  const value = await readJsonFile(path);
  const kind = (value as { readonly kind?: unknown } | null)?.kind;
  if (kind !== undefined && kind !== "study")
    throw new RangeError(
      `${path}: kind: expected "study", or none for an experiment, got ${JSON.stringify(kind)}`,
    );
  if (kind === undefined) return runExperimentFile(io, { path, value }, options);
  return runStudyFile(io, { path, value }, options);
}

function workersOption(): Option {
  const range = { min: 1, max: 64, whole: true };
  const description = "threads of a study; the result is the same";
  return numberOption("--workers <n>", description, range).default(1);
}

function shardOption(): Option {
  return new Option("--shard <i/n>", "run the i-th of n parts of a study, for `merge`").argParser(
    (text) => {
      const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(text)?.map(Number) ?? [];
      if (index >= 1 && index <= count) return { index, count };
      const expected = "Expected the part and how many there are, such as 1/4";
      throw new InvalidArgumentError(`${expected}, got ${JSON.stringify(text)}.`);
    },
  );
}

function mergeCommand(io: Io, finish: (exitCode: number) => void): Command {
  return new Command("merge")
    .description("make the report of a study from the folders of all its shards")
    .argument("<dir...>", "the --out of each shard")
    .addHelpText("after", "\n--out, --format, --check and --baseline are those of `survive`.")
    .action(async (directories: readonly string[], _options, command: Command) => {
      finish(await mergeStudy(io, directories, command.optsWithGlobals<SurviveOptions>()));
    });
}

function workCommand(io: Io): Command {
  const work = new Command("work")
    .description("train students that `survive --queue` sent to a PostgreSQL database (pg-boss)")
    .addHelpText(
      "after",
      "\n--config and --cache are those of `survive`. VERDIGRIS_QUEUE in the environment says where the database is.",
    )
    .action((_options, command: Command) => {
      const options = command.optsWithGlobals<SurviveOptions>();
      return workForQueue(io, locate(io, configOf(command, options)), options);
    });
  return work;
}
