import { type Key, type Profile, VerdigrisError, createKernel } from "@verdigris/core";
import {
  type Attribution,
  NULL_HYPOTHESIS,
  type Piece,
  type Suspect,
  type Trace,
  WHAT_AN_ACCUSATION_SAYS,
  attribute,
  largestExcess,
} from "@verdigris/detector";
import { Command, type Option } from "commander";
import { parseKey, readKeyFile, readProfile, readText, tokenizerOf } from "../files.js";
import { type Io, locate, locateInputs, print, tell } from "../io.js";
import { alphaOption, formatOption, numberOption, profileOption } from "../options.js";
import { readPieces } from "../pieces.js";
import { tokenisingHere } from "../tokenising.js";

/** Largest file of a master key. */
const MAX_KEY_FILE = 4200;

interface AttributeOptions {
  readonly profile: string;
  readonly masterKeyFile: string;
  readonly tenants: string;
  readonly provider?: string;
  readonly epoch: readonly string[];
  readonly tokenizer?: string;
  readonly alpha: number;
  readonly effect?: number;
  readonly leastPower: number;
  readonly field: string;
  readonly format: "text" | "json";
}

/** `verdigris attribute`: which of many tenants a text leads to. */
export function attributeCommand(io: Io, finish: (exitCode: number) => void): Command {
  return new Command("attribute")
    .description(
      "find which of many tenants' keys marks a text; refuses where it could hardly tell",
    )
    .argument("<file...>", "text (.txt, .md) or records (.jsonl), also with .gz or .br")
    .addOption(profileOption())
    .requiredOption(
      "--master-key-file <file>",
      "file with the key that all others are derived from",
    )
    .requiredOption(
      "--tenants <file>",
      "tenants, one a line: its id, or its group's id, a tab and its id",
    )
    .option("--provider <id>", "provider in the path of the keys (default: the profile's id)")
    .option(
      "--epoch <id>",
      "epoch in the path of the keys, repeatable (default: none)",
      (epoch: string, before: readonly string[]) => [...before, epoch],
      [] as readonly string[],
    )
    .option("--tokenizer <file>", "tokenizer.json of the profile (default: the one beside it)")
    .addOption(alphaOption("chance of any false accusation"))
    .addOption(effectOption())
    .addOption(leastPowerOption())
    .option("--field <name>", "field of a record that holds the text", "text")
    .addOption(formatOption(["text", "json"]))
    .addHelpText("after", "\nExit codes: 0 accused, 1 none, 2 usage or input, 3 refused.")
    .action(async (files: readonly string[], options: AttributeOptions) => {
      finish(await run(io, files, options));
    });
}

function effectOption(): Option {
  const meaning = "excess of the mean score that a guilty tenant's text shows";
  const range = { min: 0, max: 1e6, open: "min" } as const;
  return numberOption(
    "--effect <x>",
    `${meaning} (default: half of what gamma and delta allow)`,
    range,
  );
}

function leastPowerOption(): Option {
  const range = { min: 0, max: 1, open: "both" } as const;
  return numberOption("--least-power <p>", "refuse with a smaller forecast power", range).default(
    0.5,
  );
}

const EXIT = { accused: 0, none: 1, refused: 3 } as const;

async function run(io: Io, files: readonly string[], options: AttributeOptions): Promise<number> {
  const profile = await readProfile(locate(io, options.profile));
  const source = locate(io, options.masterKeyFile);
  const master = parseKey(profile, { text: await readKeyFile(io, source, MAX_KEY_FILE), source });
  const tenants = tenantsIn(await readText(locate(io, options.tenants)));
  if (tenants.length === 0) throw new TypeError("--tenants: expected at least one line, got none");
  const provider = options.provider ?? profile.id;
  const epochs = options.epoch.length === 0 ? [undefined] : options.epoch;
  const effect = options.effect ?? expectedEffect(profile);
  const result = attribute(
    profile,
    await textsOf(io, files, { profile, options }),
    suspects(master, { tenants, provider, epochs }),
    { alpha: options.alpha, effect, leastPower: options.leastPower, kernel: createKernel() },
  );
  for (const warning of result.warnings) tell(io, `warning: ${warning}`);
  await print(io, options.format === "json" ? resultJson(result) : resultText(result));
  return EXIT[result.kind];
}

interface Tenant {
  readonly group: string | undefined;
  readonly id: string;
}

function tenantsIn(text: string): readonly Tenant[] {
  return text.split(/\r?\n/).flatMap((line) => {
    if (line.trim() === "" || line.startsWith("#")) return [];
    const [first, second] = line.split("\t").map((field) => field.trim());
    return [second === undefined ? { group: undefined, id: first } : { group: first, id: second }];
  });
}

/** Every key of the hierarchy, once for each epoch: the provider's, each group's, each tenant's. */
function* suspects(
  master: Key,
  {
    tenants,
    provider,
    epochs,
  }: {
    readonly tenants: readonly Tenant[];
    readonly provider: string;
    readonly epochs: readonly (string | undefined)[];
  },
): Generator<Suspect> {
  for (const epoch of epochs) {
    const path = { provider, ...(epoch === undefined ? {} : { epoch }) };
    const named = (name: string): string => (epoch === undefined ? name : `${name} in ${epoch}`);
    yield { name: named(provider), level: "provider", key: master.derive(path) };
    const groups = new Set(tenants.flatMap(({ group }) => (group === undefined ? [] : [group])));
    for (const group of groups)
      yield { name: named(group), level: "group", key: master.derive({ ...path, group }) };
    for (const { group, id } of tenants) {
      const key = master.derive({ ...path, ...(group === undefined ? {} : { group }), tenant: id });
      yield { name: named(id), level: "tenant", key };
    }
  }
}

/** Half of the excess on equally likely tokens: real text is less free than that. */
function expectedEffect({ parameters: { gamma, delta }, scheme }: Profile): number {
  if (typeof gamma === "number" && typeof delta === "number" && delta > 0)
    return largestExcess(gamma, delta) / 2;
  throw new TypeError(
    `--effect: expected a number, as ${scheme} has no gamma and delta; not given`,
  );
}

async function textsOf(
  io: Io,
  files: readonly string[],
  { profile, options }: { readonly profile: Profile; readonly options: AttributeOptions },
): Promise<readonly Piece[]> {
  const path = options.tokenizer === undefined ? undefined : locate(io, options.tokenizer);
  const tokenizer = tokenizerOf(profile, { profilePath: locate(io, options.profile), path });
  const reading = {
    profile,
    tokenising: tokenisingHere(tokenizer),
    options: { stdin: io.stdin, field: options.field },
  };
  const pieces: Piece[] = [];
  for await (const item of readPieces(await locateInputs(io, files), reading)) {
    if (item.kind === "problem") throw new VerdigrisError("FILE_INVALID", item.message);
    if (item.kind === "piece") pieces.push(item.piece);
  }
  return pieces;
}

function resultText(result: Attribution): string {
  const { keys, alpha, forecast, triage } = result;
  const accused = result.kind === "accused" ? result.accused : [];
  const share = Math.ceil(100 * forecast.smallestShare);
  const first = {
    accused: `Accused: ${accused.map(({ level, name }) => `${level} ${name}`).join(", ")} (alpha = ${alpha} for all ${keys} keys together).`,
    none: `None: the text leads to none of the ${keys} keys, as far as alpha = ${alpha} can tell.`,
    refused: `Refused: ${result.kind === "refused" ? result.reason : ""}.`,
  }[result.kind];
  const reach = Number.isFinite(share)
    ? `whoever is behind less than ${share} % of the text's mark is not found with the wanted power`
    : "no text was scored";
  return `${[
    first,
    "",
    `  forecast   power ${forecast.power.toPrecision(3)} for an excess of ${forecast.effect.toPrecision(3)} on ${forecast.n} coins; ${reach}`,
    ...accused.map((trace) => `  accused    ${row(trace)}`),
    ...triage.map((trace) => `  to look at ${row(trace)}`),
    "",
    `Null hypothesis: ${NULL_HYPOTHESIS}`,
    WHAT_AN_ACCUSATION_SAYS,
  ].join("\n")}\n`;
}

function row({ level, name, keyId, evidence, log10PAdjusted, log10E }: Trace): string {
  return [
    `log10 p ${log10PAdjusted.toFixed(2)}`.padEnd(20),
    `log10 E ${log10E.toFixed(2)}`.padEnd(18),
    `n ${evidence.n}`.padEnd(10),
    `${level} ${name}, key ${keyId}`,
  ].join("");
}

function resultJson(result: Attribution): string {
  const trace = ({ evidence, ...who }: Trace): object => ({
    ...who,
    n: evidence.n,
    effect: evidence.effect,
    z: evidence.zScore,
    log10P: evidence.log10P,
  });
  const { kind, keys, alpha, forecast, triage, warnings } = result;
  const all = {
    version: 1,
    verdict: kind,
    ...(result.kind === "refused" ? { reason: result.reason } : {}),
    keys,
    alpha,
    forecast,
    accused: result.kind === "accused" ? result.accused.map(trace) : [],
    triage: triage.map(trace),
    warnings,
    nullHypothesis: NULL_HYPOTHESIS,
    notice: WHAT_AN_ACCUSATION_SAYS,
  };
  return `${JSON.stringify(all, null, 2)}\n`;
}
