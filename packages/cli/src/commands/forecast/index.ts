import { type Key, type Profile, type Scheme, bindScheme, createKernel } from "@verdigris/core";
import { decoyKey } from "@verdigris/detector";
import type { BudgetOptions, ServedWindows, StudentFamily } from "@verdigris/survival";
import { type ReadProblem, type TextFormat, inFile, textFormats } from "@verdigris/text";
import { Command, Option } from "commander";
import { keyMismatch, readJsonFile, readKey, readProfile, tokenizerOf } from "../../files.js";
import type { ForecastFormat } from "../../formats/forecast.js";
import { type Io, locate, printAll, tell } from "../../io.js";
import {
  type NumberRange,
  formatOption,
  keyFileOption,
  numberOption,
  numbersOption,
  profileOption,
  workersOption,
} from "../../options.js";
import { appendSummary } from "../../step-summary.js";
import { TokenisingPool } from "../../tokenising.js";
import { type Assertion, judge, parseAssertion } from "./assertion.js";
import { Traffic } from "./traffic.js";

/** Exit codes of `forecast` besides 0; a broken record is told by `PROBLEM`, whatever the forecast. */
const FAILED = 1;
const PROBLEM = 2;

/** Those of `forecastFormats`, which is loaded on demand: it brings what draws charts. */
const FORMATS = ["text", "json", "md"] as const satisfies readonly ForecastFormat[];

interface ForecastOptions {
  readonly profile: string;
  readonly keyFile?: string;
  readonly tokenizer?: string;
  readonly log?: readonly string[];
  readonly sketch?: string;
  readonly excess?: number;
  readonly audit?: readonly string[];
  readonly filler?: readonly string[];
  readonly shares: readonly number[];
  readonly rho: number;
  readonly tokens: readonly number[];
  readonly students?: string;
  readonly alpha: number;
  readonly power: number;
  readonly windows: number;
  readonly tenants?: number;
  readonly seed: number;
  readonly assert: readonly Assertion[];
  readonly workers: number;
  readonly input?: TextFormat;
  readonly field: string;
  readonly format: ForecastFormat;
}

/** `verdigris forecast`: what an audit would find of a student that learned from a deployment's own traffic. */
export function forecastCommand(io: Io, finish: (exitCode: number) => void): Command {
  const command = new Command("forecast")
    .description(
      "forecast from a serving log what an audit of a distilled student would find, and the tokens that takes",
    )
    .addOption(profileOption())
    .addOption(keyFileOption())
    .option("--tokenizer <file>", "tokenizer.json of the profile (default: the one beside it)")
    .option("--log <file...>", "answers served with the mark; files as of score")
    .option(
      "--audit <file...>",
      "text like that of the audit (default: a tenth of the log, held out; the log is then read twice)",
    )
    .option(
      "--filler <file...>",
      "what else the thief trains on (default: text with the same windows)",
    )
    .option("--students <file>", "kinds of students (JSON) instead of those built in");
  for (const option of [...sketchOptions(), ...theftOptions(), ...auditOptions()])
    command.addOption(option);
  return command
    .addOption(assertOption())
    .addOption(workersOption())
    .addOption(new Option("--input <format>", "what the files hold").choices(textFormats))
    .option("--field <name>", "field or column that holds the text of a record", "text")
    .addOption(formatOption(FORMATS))
    .addHelpText(
      "after",
      "\nExit codes: 0 every assertion holds, 1 one does not, 2 usage or input.",
    )
    .action(async (options: ForecastOptions) => {
      finish(await run(io, options));
    });
}

const SHARE = { min: 0, max: 1, open: "min" } as const;
const CHANCE = { min: 0, max: 1, open: "both" } as const;

function sketchOptions(): readonly Option[] {
  const range = { min: 0, max: 1e6, open: "min" } as const;
  return [
    new Option(
      "--sketch <file>",
      "instead of a log: a sketch of served windows; takes --audit and --excess, and no key",
    ),
    numberOption("--excess <x>", "with --sketch: mean excess score of a served token", range),
  ];
}

function theftOptions(): readonly Option[] {
  return [
    numbersOption("--shares <y,…>", "shares of the traffic that a thief takes", SHARE).default(
      [0.01, 0.05, 0.1, 1],
      "0.01,0.05,0.1,1",
    ),
    numberOption("--rho <share>", "marked share of the thief's training text", SHARE).default(1),
    numberOption("--seed <n>", "chooses what is held out and taken", whole(0, 2 ** 32)).default(1),
  ];
}

function auditOptions(): readonly Option[] {
  return [
    numbersOption("--tokens <n,…>", "sizes of the audit, scored tokens", whole(1, 1e12)).default(
      [10_000, 100_000, 1_000_000],
      "10000,100000,1000000",
    ),
    numberOption("--alpha <p>", "chance of a false alarm", { ...CHANCE, max: 0.5 }).default(1e-5),
    numberOption("--power <p>", "wanted chance of deciding", CHANCE).default(0.9),
    numberOption(
      "--windows <n>",
      "audited windows at most; memory is for these",
      whole(100, 1e7),
    ).default(100_000),
    numberOption(
      "--tenants <n>",
      "also the share that a tenant among so many must have",
      whole(1, 1e9),
    ),
  ];
}

function whole(min: number, max: number): NumberRange {
  return { min, max, whole: true };
}

function assertOption(): Option {
  return new Option(
    "--assert <bound>",
    "fail unless it holds, repeatable: 'p=1e-5,tokens=1e6,rho=.05', also share=, power=, student=, weights=",
  )
    .argParser((text: string, before: readonly Assertion[]) => [...before, parseAssertion(text)])
    .default([] as readonly Assertion[], "none");
}

async function run(io: Io, options: ForecastOptions): Promise<number> {
  const { attributionPlan, survivabilityBudget } = await import("@verdigris/survival");
  const { forecastFormats } = await import("../../formats/forecast.js");
  const profile = await readProfile(locate(io, options.profile));
  const families = await familiesOf(io, options.students, profile.h);
  const problems: ReadProblem[] = [];
  const survey = await surveyOf(io, { profile, families, options, problems });
  const budget: BudgetOptions = { ...options, families };
  const { tenants } = options;
  const result = {
    profile,
    survey,
    options: budget,
    outlooks: survivabilityBudget(survey, budget),
    attribution:
      tenants === undefined
        ? null
        : (z: number) => ({ tenants, ...attributionPlan(z, { ...budget, tenants }) }),
    assertions: await Promise.all(
      options.assert.map((assertion) => judge(assertion, survey, families)),
    ),
  };
  await printAll(io, forecastFormats[options.format](result));
  await appendSummary(io, forecastFormats.md(result));
  if (problems.length > 0) return PROBLEM;
  return result.assertions.every(({ holds }) => holds) ? 0 : FAILED;
}

/** A student that looks back less than h tokens could not learn the mark at all; none is meant so. */
async function familiesOf(
  io: Io,
  file: string | undefined,
  h: number,
): Promise<readonly StudentFamily[]> {
  const { STUDENT_FAMILIES, parseFamilies } = await import("@verdigris/survival");
  const read = async (path: string): Promise<readonly StudentFamily[]> => {
    const value = await readJsonFile(path);
    return inFile(path, () => parseFamilies(value));
  };
  const families = file === undefined ? STUDENT_FAMILIES : await read(locate(io, file));
  return families.map((family) => ({ ...family, order: Math.max(family.order, h) }));
}

/** What the survey needs. */
interface SurveyRequest {
  readonly profile: Profile;
  readonly families: readonly StudentFamily[];
  readonly options: ForecastOptions;
  /** Records that could not be used are added here. */
  readonly problems: ReadProblem[];
}

async function surveyOf(
  io: Io,
  { profile, families, options, problems }: SurveyRequest,
): Promise<ServedWindows> {
  const { surveySketch, surveyTraffic } = await import("@verdigris/survival");
  const path = options.tokenizer === undefined ? undefined : locate(io, options.tokenizer);
  const where = { profilePath: locate(io, options.profile), path };
  const tokenising = new TokenisingPool(tokenizerOf(profile, where), { profile, where }, options);
  const format = options.input === undefined ? {} : { format: options.input };
  const reading = {
    // What a suspect was shown does not matter to what is learned from it.
    profile: { V: profile.V, promptRule: "none" } as const,
    tokenising,
    options: { stdin: io.stdin, field: options.field, ...format },
  };
  const traffic = new Traffic(io, reading, (problem) => problems.push(problem));
  const asserted = options.assert.map(({ share }) => share);
  const shares = [...new Set([...options.shares, ...asserted])].sort((a, b) => a - b);
  const common = { shares, windows: options.windows, seed: options.seed };
  try {
    if (options.log === undefined) {
      const sketched = await traffic.sketched(options);
      return await surveySketch(sketched, { ...common, scheme: scheme(profile, decoyKey(0)) });
    }
    const source = traffic.source({ ...options, log: options.log });
    const key = await readKey(io, profile, options.keyFile);
    const mismatch = keyMismatch(profile, key);
    if (mismatch !== null) tell(io, `warning: ${mismatch}`);
    const order = Math.max(...families.map((family) => family.order));
    return await surveyTraffic(source, { ...common, scheme: scheme(profile, key), order });
  } finally {
    await tokenising.close();
  }
}

/** Of a sketch only the law and width of the scheme matter, which no key changes. */
function scheme(profile: Profile, key: Key): Scheme {
  return bindScheme(profile, key, createKernel());
}
