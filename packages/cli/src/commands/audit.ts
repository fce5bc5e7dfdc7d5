import type { Tokens } from "@verdigris/core";
import { WHAT_A_REJECTION_SAYS } from "@verdigris/detector";
import type { ExternalAudit, ExternalStudent, Text } from "@verdigris/survival";
import { type Tokenizer, normalise, readDocuments, writeWhole } from "@verdigris/text";
import { Command } from "commander";
import { keyMismatch, readKey, readProfile, tokenizerOf } from "../files.js";
import { type Io, locate, locateInputs, print, tell } from "../io.js";
import { formatOption, keyFileOption, numberOption, profileOption } from "../options.js";

interface AuditOptions {
  readonly profile: string;
  readonly keyFile?: string;
  readonly tokenizer?: string;
  readonly student?: string;
  readonly modelId?: string;
  readonly apiKeyEnv?: string;
  readonly texts: readonly string[];
  readonly count: number;
  readonly seed: number;
  readonly decoys: number;
  readonly questions?: string;
  readonly format: "text" | "json";
}

/** Sequences of a model run here, and its longest context. */
const [SEQUENCES, CONTEXT] = [8, 256];

/** `verdigris audit`: reads a student that somebody else trained. */
export function auditCommand(io: Io): Command {
  const whole = (min: number, max: number): { min: number; max: number; whole: true } => ({
    min,
    max,
    whole: true,
  });
  return new Command("audit")
    .description(
      "ask a student that somebody else trained for one token after many texts, and test its answers for a mark",
    )
    .addOption(profileOption())
    .addOption(keyFileOption())
    .option("--tokenizer <file>", "tokenizer.json of the profile; default: the one beside it")
    .option(
      "--student <what>",
      "a model (.gguf), the base of an OpenAI-compatible API (http…/v1), or recorded answers (.jsonl)",
    )
    .option("--model-id <name>", "the model's name at an API")
    .option("--api-key-env <name>", "environment variable with that API's key; default: none sent")
    .option("--texts <file...>", "texts chosen without the key, whose beginnings are shown", [])
    .addOption(numberOption("--count <n>", "contexts at most", whole(20, 10_000_000)).default(2000))
    .addOption(
      numberOption("--seed <n>", "which contexts, which draws", whole(0, 2 ** 31)).default(1),
    )
    .addOption(numberOption("--decoys <n>", "decoy keys", whole(19, 100_000)).default(199))
    .option("--questions <file>", "write the contexts for somebody else to ask, and stop")
    .addOption(formatOption(["text", "json"]))
    .action((options: AuditOptions) => audit(io, options));
}

async function audit(io: Io, options: AuditOptions): Promise<void> {
  const { auditContexts, auditExternal, questionLines, randomStream } =
    await import("@verdigris/survival");
  const profilePath = locate(io, options.profile);
  const profile = await readProfile(profilePath);
  const path = options.tokenizer === undefined ? undefined : locate(io, options.tokenizer);
  const tokenizer = tokenizerOf(profile, { profilePath, path });
  const { student: what = "", count, seed, decoys } = options;
  const contexts = isRecorded(what)
    ? []
    : auditContexts(await textsOf(io, options.texts, tokenizer), {
        h: profile.h,
        count,
        random: randomStream("audit contexts", seed),
        served: 0,
        log: [],
      });
  if (options.questions !== undefined) {
    await writeWhole(locate(io, options.questions), questionLines(contexts));
    tell(io, `wrote ${contexts.length} contexts to ${options.questions}`);
    return;
  }
  const key = await readKey(io, profile, options.keyFile);
  const mismatch = keyMismatch(profile, key);
  if (mismatch !== null) throw new TypeError(`key: ${mismatch}`);
  const student = await openStudent(io, options, tokenizer);
  try {
    const random = randomStream("audit draws", seed);
    const found = await auditExternal(student, { profile, key, contexts, random, decoys });
    await print(io, options.format === "json" ? asJson(found) : asText(found));
  } finally {
    await student.dispose();
  }
}

const isRecorded = (student: string): boolean => /\.jsonl$/i.test(student);

/** Texts as tokens. @throws TypeError without any */
async function textsOf(
  io: Io,
  inputs: readonly string[],
  tokenizer: () => Promise<Tokenizer>,
): Promise<readonly Text[]> {
  const texts: Text[] = [];
  for (const path of await locateInputs(io, inputs)) {
    for await (const item of readDocuments(path, { stdin: io.stdin })) {
      if (item.kind === "problem") tell(io, `error: ${item.path}: ${item.message}`);
      else texts.push({ prompt: item.id, tokens: await tokensOf(item, tokenizer) });
    }
  }
  if (texts.length > 0) return texts;
  throw new TypeError("--texts: expected texts to show the student, got none");
}

async function tokensOf(
  item: { readonly text: string; readonly tokens?: Tokens },
  tokenizer: () => Promise<Tokenizer>,
): Promise<Tokens> {
  return item.tokens ?? (await tokenizer()).encode(normalise(item.text).text);
}

/** @throws TypeError for none, or one of no known kind */
async function openStudent(
  io: Io,
  { student = "", modelId, apiKeyEnv: variable }: AuditOptions,
  tokenizer: () => Promise<Tokenizer>,
): Promise<ExternalStudent> {
  const { ApiKey, endpointStudent, modelStudent, openEndpoint, probeEndpoint, recordedStudent } =
    await import("@verdigris/survival");
  if (isRecorded(student)) return recordedStudent(locate(io, student));
  if (/\.gguf$/i.test(student)) {
    const options = { sequences: SEQUENCES, contextSize: CONTEXT, candidates: 0 };
    return modelStudent(await io.openModel({ modelPath: locate(io, student), ...options }));
  }
  if (!/^https?:\/\//i.test(student)) {
    throw new TypeError(
      `--student: expected a .gguf file, an address http…/v1 or a .jsonl file, got ${JSON.stringify(student)}`,
    );
  }
  if (modelId === undefined) throw new TypeError("--model-id: expected the model's name, got none");
  const where = { url: student, model: modelId };
  const access =
    variable === undefined
      ? {}
      : { apiKey: ApiKey.fromEnvironment(io.env, { variable, field: "--api-key-env" }) };
  const server = { ...where, ...access };
  await probeEndpoint(server);
  return endpointStudent(await openEndpoint(server), await tokenizer());
}

function asJson(found: ExternalAudit): string {
  return `${JSON.stringify({ version: 1, ...found, notice: WHAT_A_REJECTION_SAYS }, null, 2)}\n`;
}

function asText({ student, closed, open }: ExternalAudit): string {
  const { evidence, interval, decoys } = closed;
  const lines = [
    `student    ${student}`,
    `closed     ${evidence.n} distinct tokens drawn, effect ${signed(evidence.effect)} [${signed(interval.lower)}, ${signed(interval.upper)}], z ${evidence.zScore.toFixed(2)}, log10 p ${evidence.log10P.toFixed(2)}`,
    `decoys     ${decoys.keys} keys, p ${decoys.p.toFixed(4)}, variance inflation ${decoys.varianceInflation.toFixed(2)}`,
    open === null
      ? "open       no probabilities shown"
      : `open       ${open.n} contexts, effect ${signed(open.effect)}, z ${open.zScore.toFixed(2)}, log10 p ${open.log10P.toFixed(2)} at any time`,
    WHAT_A_REJECTION_SAYS,
  ];
  return `${lines.join("\n")}\n`;
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(4)}`;
}
