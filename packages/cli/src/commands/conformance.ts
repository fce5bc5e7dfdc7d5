import { basename } from "node:path";
import { VerdigrisError } from "@verdigris/core";
import { type RecordFailure, checkVectors } from "@verdigris/conformance";
import { Command } from "commander";
import { readJsonFile } from "../files.js";
import { type Io, locate, print, tell } from "../io.js";

/** Some vector disagrees; a file that is no vector file counts more. */
const FAILED = 1;
const UNREADABLE = 2;

/** Failures told of each file unless all are asked for. */
const FIRST = 5;

/** `verdigris conformance`: checks the packages against vector files. */
export function conformanceCommand(io: Io, finish: (exitCode: number) => void): Command {
  return new Command("conformance")
    .description("check this version against golden vectors of other projects' marks")
    .argument("<file...>", "vector files (JSON)")
    .option("--verbose", "tell every failure, not only the first of each file", false)
    .addHelpText(
      "after",
      "\nExit codes: 0 all passed, 1 some failed, 2 a file is not a vector file.",
    )
    .action(async (files: readonly string[], { verbose }: { readonly verbose: boolean }) => {
      finish(await conformance(io, files, verbose ? Infinity : FIRST));
    });
}

async function conformance(io: Io, files: readonly string[], most: number): Promise<number> {
  let [passed, failed, exitCode] = [0, 0, 0];
  for (const file of files) {
    const result = await checked(locate(io, file));
    if ("problem" in result) {
      failed++;
      exitCode = UNREADABLE;
      await print(io, `${basename(file)}: not checked\n`);
      tell(io, `error: ${result.problem}`);
      continue;
    }
    passed += result.passed;
    failed += result.failures.length;
    if (result.failures.length > 0) exitCode = Math.max(exitCode, FAILED);
    await print(
      io,
      `${basename(file)}: ${result.passed} passed, ${result.failures.length} failed\n`,
    );
    tellFailures(io, { file, failures: result.failures, most });
  }
  await print(io, `${passed} passed, ${failed} failed\n`);
  return exitCode;
}

type Result =
  | { readonly passed: number; readonly failures: readonly RecordFailure[] }
  | { readonly problem: string };

async function checked(path: string): Promise<Result> {
  try {
    return checkVectors(await readJsonFile(path));
  } catch (error) {
    if (!(error instanceof VerdigrisError)) throw error;
    return {
      problem: error.message.startsWith(path) ? error.message : `${path}: ${error.message}`,
    };
  }
}

function tellFailures(
  io: Io,
  told: {
    readonly file: string;
    readonly failures: readonly RecordFailure[];
    readonly most: number;
  },
): void {
  const { file, failures, most } = told;
  for (const { at, problems } of failures.slice(0, most)) {
    tell(io, `${basename(file)}: ${at}: ${problems.slice(0, 3).join("; ")}`);
  }
  if (failures.length > most)
    tell(io, `${basename(file)}: and ${failures.length - most} more (--verbose)`);
}
