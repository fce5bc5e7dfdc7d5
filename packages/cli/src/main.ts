/** The `verdigris` command. */
import { VerdigrisError } from "@verdigris/core";
import { Command, CommanderError, Help, Option } from "commander";
import { attributeCommand } from "./commands/attribute.js";
import { auditCommand } from "./commands/audit.js";
import { conformanceCommand } from "./commands/conformance.js";
import { datasetCommand } from "./commands/dataset.js";
import { examineCommands } from "./commands/examine/index.js";
import { forecastCommand } from "./commands/forecast/index.js";
import { gatewayCommand } from "./commands/gateway.js";
import { identifyCommand } from "./commands/identify.js";
import { keygenCommand } from "./commands/keygen.js";
import { keysCommand } from "./commands/keys/index.js";
import { markCommand } from "./commands/mark.js";
import { monitorCommand } from "./commands/monitor/index.js";
import { profilesCommand } from "./commands/profiles.js";
import { reportCommand } from "./commands/report.js";
import { schemaCommand } from "./commands/schema.js";
import { scoreCommand } from "./commands/score.js";
import { serveCommand } from "./commands/serve.js";
import { sketchCommand } from "./commands/sketch.js";
import { surviveCommand } from "./commands/survive/index.js";
import { type Io, processIo, tell } from "./io.js";
import { packageVersion } from "./version.js";

/** Usage, input or output. */
const FAILED = 2;

/** What shells report for a program that wrote to a closed pipe: 128 + SIGPIPE. */
const BROKEN_PIPE = 141;

/** Runs the command line of this process. The value is the exit code. */
export function main(argv: readonly string[]): Promise<number> {
  const [args, io] = [argv.slice(2), processIo()];
  // Of an error that nobody awaits Node would make exit code 1, which is a verdict.
  process.once("uncaughtException", (error) => {
    process.exit(failure(io, error, redactorOf(args)));
  });
  return run(args, io);
}

/** Runs one command; `args` without the program's name. The value is the exit code; nothing is thrown. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  // Errors of streams reach the write that caused them; unheard, they would end the process.
  for (const stream of [io.stdout, io.stderr]) stream.off("error", ignore).on("error", ignore);
  let exitCode = 0;
  const finish = (code: number): void => {
    exitCode = code;
  };
  const hide = redactorOf(args);
  try {
    await program(io, { finish, hide }).parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    return failure(io, error, hide);
  }
}

interface Surroundings {
  readonly finish: (exitCode: number) => void;
  readonly hide: (text: string) => string;
}

function program(io: Io, { finish, hide }: Surroundings): Command {
  const root = new Command("verdigris")
    .description(
      "Embed, detect and measure the survival of keyed watermarks in language-model text.",
    )
    .version(packageVersion())
    .exitOverride()
    .configureHelp({ optionDescription: describeOption })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text, ignore),
      writeErr: (text) => void io.stderr.write(hide(text), ignore),
    });
  const commands = [
    keygenCommand(io),
    keysCommand(io),
    markCommand(io),
    scoreCommand(io, finish),
    serveCommand(io),
    gatewayCommand(io),
    monitorCommand(io, finish),
    datasetCommand(io),
    auditCommand(io),
    surviveCommand(io, finish),
    forecastCommand(io, finish),
    sketchCommand(io, finish),
    reportCommand(io),
    profilesCommand(io),
    schemaCommand(io),
    identifyCommand(io, finish),
    examineCommands(io, finish),
    attributeCommand(io, finish),
    conformanceCommand(io, finish),
  ];
  for (const command of commands) root.addCommand(inherit(command, root));
  return root;
}

/** An option's words without a default that says nothing: a switch is off, a list is empty. */
function describeOption(option: Option): string {
  const { defaultValue: value } = option;
  const isNothing = value === false || (Array.isArray(value) && value.length === 0);
  if (!isNothing) return new Help().optionDescription(option);
  const shown = new Option(option.flags, option.description);
  if (option.argChoices !== undefined) shown.choices(option.argChoices);
  return new Help().optionDescription(shown);
}

/** Commander passes settings on only to commands it makes itself. */
function inherit(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inherit(child, command);
  return command;
}

/** Says what went wrong and gives the exit code. */
function failure(io: Io, error: unknown, hide: (text: string) => string): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : FAILED;
  if ((error as NodeJS.ErrnoException | null)?.code === "EPIPE") return BROKEN_PIPE;
  const expected =
    error instanceof VerdigrisError ||
    error instanceof RangeError ||
    error instanceof TypeError ||
    // Of the system, such as a full disk: where in this program it came up helps nobody.
    typeof (error as NodeJS.ErrnoException | null)?.syscall === "string";
  const text =
    error instanceof Error
      ? expected
        ? error.message
        : (error.stack ?? error.message)
      : String(error);
  tell(io, hide(`error: ${text}`));
  return FAILED;
}

/** Hides arguments that look like a key: someone may have put one where a file name belongs. */
function redactorOf(args: readonly string[]): (text: string) => string {
  const secrets = args.flatMap((arg) => arg.match(/[0-9a-f]{64,}/gi) ?? []);
  return (text) =>
    secrets.reduce((hidden, secret) => hidden.replaceAll(secret, "[64 hex digits]"), text);
}

function ignore(): void {}
