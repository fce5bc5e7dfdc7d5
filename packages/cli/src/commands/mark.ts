import { type Key, type Profile, type Random, type Scheme, bindScheme } from "@verdigris/core";
import { PLAIN_SAMPLING, type Sampling, embed } from "@verdigris/watermark";
import type { LlamaLanguageModel } from "@verdigris/watermark/node-llama-cpp";
import { Command } from "commander";
import { keyMismatch, readKey, readProfile } from "../files.js";
import { inOrder } from "../in-order.js";
import { type Io, locate, print } from "../io.js";
import { formatOption, keyFileOption, numberOption } from "../options.js";
import { promptTokens, readPrompts } from "../prompts.js";

/** Sequences evaluated together at most: the engine's fastest for a small model. */
const MOST_SEQUENCES = 8;

/** Longest prompt, in tokens. */
const PROMPT_LENGTH = 2048;

/** Candidates the engine hands over per step; more are slower and hardly ever drawn. */
const CANDIDATES = 100;

interface MarkOptions {
  readonly model: string;
  readonly profile?: string;
  readonly unmarked: boolean;
  readonly keyFile?: string;
  readonly prompts?: string;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly seed?: number;
  readonly raw: boolean;
  readonly format: "text" | "json" | "jsonl";
}

/** `verdigris mark`: lets a model answer with a mark in its words. */
export function markCommand(io: Io): Command {
  const command = new Command("mark")
    .description("let a language model answer prompts with a mark in its words")
    .argument("[prompt]", "the prompt; or --prompts")
    .requiredOption("--model <file>", "model (GGUF), run by node-llama-cpp")
    .option("--profile <file>", "profile of the mark (JSON)")
    .addOption(keyFileOption())
    .option("--unmarked", "write without a mark, to compare with; instead of --profile", false)
    .option("--prompts <file>", "prompts: one a line, or .jsonl with `prompt`; - is standard input")
    .addOption(
      numberOption("--max-tokens <n>", "longest answer", {
        min: 1,
        max: 65_536,
        whole: true,
      }).default(256),
    )
    .option("--raw", "continue the prompt as it is, without a chat template", false)
    .addOption(formatOption(["text", "json", "jsonl"]));
  return withSampling(command).action((prompt: string | undefined, options: MarkOptions) =>
    mark(io, prompt, options),
  );
}

function withSampling(command: Command): Command {
  const { temperature, topK, topP, minP, repetitionPenalty } = PLAIN_SAMPLING;
  return command
    .addOption(
      numberOption("--temperature <t>", "0 = most likely token", { min: 0, max: 100 }).default(
        temperature,
      ),
    )
    .addOption(
      numberOption("--top-k <k>", "0 = off", { min: 0, max: 524_288, whole: true }).default(topK),
    )
    .addOption(
      numberOption("--top-p <p>", "1 = off", { min: 0, max: 1, open: "min" }).default(topP),
    )
    .addOption(
      numberOption("--min-p <p>", "0 = off", { min: 0, max: 1, open: "max" }).default(minP),
    )
    .addOption(
      numberOption("--repetition-penalty <r>", "1 = off", { min: 0, max: 10, open: "min" }).default(
        repetitionPenalty,
      ),
    )
    .addOption(
      numberOption("--seed <n>", "repeat a run exactly", {
        min: 0,
        max: Number.MAX_SAFE_INTEGER,
        whole: true,
      }),
    );
}

/** One answer, as JSONL has it. */
interface Answer {
  readonly prompt: string;
  readonly text: string;
  readonly tokens: readonly number[];
  /** Null for an answer without a mark. */
  readonly profile: string | null;
  readonly keyId: string | null;
}

async function mark(io: Io, prompt: string | undefined, options: MarkOptions): Promise<void> {
  const prompts = await readPrompts(io, prompt, options.prompts);
  const made = await readMark(io, options);
  const model = await io.openModel({
    modelPath: locate(io, options.model),
    sequences: Math.min(MOST_SEQUENCES, prompts.length),
    contextSize: PROMPT_LENGTH + options.maxTokens,
    candidates: Math.max(CANDIDATES, options.topK),
  });
  try {
    await write(io, options.format, answers(model, prompts, { made, options }));
  } finally {
    await model.dispose();
  }
}

/** The mark that was asked for; null for none. */
type Mark = { readonly profile: Profile; readonly key: Key } | null;

async function readMark(io: Io, { profile: path, keyFile, unmarked }: MarkOptions): Promise<Mark> {
  if ((path === undefined) !== unmarked) {
    const came = unmarked ? "both" : "neither";
    throw new TypeError(`mark: expected either --profile FILE or --unmarked, got ${came}`);
  }
  if (path === undefined) return null;
  const profile = await readProfile(locate(io, path));
  const key = await readKey(io, profile, keyFile);
  const mismatch = keyMismatch(profile, key);
  if (mismatch !== null) throw new TypeError(`key: ${mismatch}`);
  return { profile, key };
}

interface MarkSetting {
  readonly made: Mark;
  readonly options: MarkOptions;
}

/** Answers in the order of the prompts; as many at a time as the model takes, and as many again waiting. */
async function* answers(
  model: LlamaLanguageModel,
  prompts: readonly string[],
  { made, options }: MarkSetting,
): AsyncGenerator<Answer> {
  const randomFor = await randomness(options.seed);
  const scheme: Scheme | null = made === null ? null : bindScheme(made.profile, made.key);
  const names = { profile: made?.profile.id ?? null, keyId: made?.key.id ?? null };
  const sampling: Sampling = options;
  const answer = async (prompt: string, i: number, signal: AbortSignal): Promise<Answer> => {
    const shown = promptTokens(model, prompt, { raw: options.raw, longest: PROMPT_LENGTH });
    const settings = { scheme, sampling, maxTokens: options.maxTokens, random: randomFor(i) };
    const tokens: number[] = [];
    for await (const { token } of embed(model, shown, settings)) {
      tokens.push(token);
      if (signal.aborted) break;
    }
    const text = model.decode(Uint32Array.from(tokens));
    return { prompt, text, tokens, ...names };
  };
  yield* inOrder(prompts, answer, 2 * model.sequences);
}

/** A source of randomness per prompt: reproducible with a seed, else the system's. */
async function randomness(seed: number | undefined): Promise<(prompt: number) => Random> {
  const { randomStream } = await import("@verdigris/survival");
  const [fresh] = globalThis.crypto.getRandomValues(new BigUint64Array(1));
  return (prompt) => randomStream("mark", seed ?? `unseeded ${fresh}`, prompt);
}

async function write(
  io: Io,
  format: MarkOptions["format"],
  results: AsyncIterable<Answer>,
): Promise<void> {
  const all: Answer[] = [];
  for await (const answer of results) {
    if (format === "json") all.push(answer);
    else await print(io, format === "jsonl" ? `${JSON.stringify(answer)}\n` : `${answer.text}\n`);
  }
  if (format === "json")
    await print(io, `${JSON.stringify({ version: 1, answers: all }, null, 2)}\n`);
}
