/** What a client asks to be written. */
import type { Tokens } from "@verdigris/core";
import type { Sampling } from "@verdigris/watermark";
import * as z from "zod";
import { checked } from "../body.js";
import { type RequestError, invalidRequest } from "../errors.js";
import { type JsonObject, isObject } from "../json.js";
import type { ChatMessage, ServedModel } from "./model.js";

/** A request, read. */
export interface Asked {
  readonly prompt: Tokens;
  readonly maxTokens: number;
  readonly sampling: Sampling;
  readonly stops: readonly string[];
  readonly seed: number | null;
  /** How many of the most likely tokens to show at each place; null for no log-probabilities. */
  readonly logprobs: number | null;
  readonly stream: boolean;
  /** Count tokens in a last event. */
  readonly includeUsage: boolean;
  /** Send token ids, in vLLM's fields. */
  readonly tokenIds: boolean;
}

const stop = z.string().min(1).max(1000);
const common = {
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.int().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(-1).nullish(),
  min_p: z.number().min(0).lt(1).nullish(),
  repetition_penalty: z.number().gt(0).max(10).nullish(),
  seed: z.int().nullish(),
  stop: z.union([stop, z.array(stop).max(4)]).nullish(),
  return_token_ids: z.boolean().nullish(),
};
const parts = z.array(z.object({ type: z.literal("text"), text: z.string() }));
const chatSchema = z.looseObject({
  ...common,
  messages: z
    .array(
      z.looseObject({
        role: z.enum(["system", "developer", "user", "assistant"]),
        content: z.union([z.string(), parts]),
      }),
    )
    .min(1),
  max_completion_tokens: z.int().min(1).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
});
const ids = z.array(z.int().min(0)).min(1);
const textSchema = z.looseObject({
  ...common,
  prompt: z.union([
    z.string().min(1),
    ids,
    z.tuple([z.string().min(1)]).transform(([text]) => text),
    z.tuple([ids]).transform(([tokens]) => tokens),
  ]),
  logprobs: z.int().min(0).max(20).nullish(),
});

type Common = z.infer<z.ZodObject<typeof common>>;

/** Fields that change an answer in a way that is not offered, with the values that ask for nothing. */
const NOT_OFFERED: Readonly<Record<string, readonly unknown[]>> = {
  n: [1],
  best_of: [1],
  echo: [false],
  suffix: [""],
  tools: [],
  functions: [],
  tool_choice: ["none", "auto"],
  response_format: ["text"],
  logit_bias: [],
  presence_penalty: [0],
  frequency_penalty: [0],
  modalities: [],
  audio: [],
  prediction: [],
};

/** Reads a body for a model. @throws RequestError 400 naming the first field that is wrong */
export function readAsked(
  endpoint: "chat" | "completions",
  body: JsonObject,
  { model, maxTokens }: { readonly model: ServedModel; readonly maxTokens: number },
): Asked {
  refuseNotOffered(body);
  const fields = endpoint === "chat" ? readChat(body, model) : readText(body, model);
  const room = model.contextSize - fields.prompt.length;
  const wanted = fields.maxTokens ?? Math.min(maxTokens, Math.max(room, 1));
  if (wanted > room) throw tooLong(fields.prompt.length, wanted, model.contextSize);
  return { ...fields, maxTokens: Math.min(wanted, maxTokens) };
}

/** A request before its length is checked. */
type Unbounded = Omit<Asked, "maxTokens"> & { readonly maxTokens: number | null };

function readChat(body: JsonObject, model: ServedModel): Unbounded {
  const fields = checked(chatSchema, body);
  const prompt = model.chat(fields.messages.map(turnOf));
  if (prompt === null) {
    throw invalidRequest("model: has no chat template; use /v1/completions", "no_chat_template");
  }
  if (typeof fields.top_logprobs === "number" && fields.logprobs !== true) {
    const message = "top_logprobs: expected logprobs to be true with it";
    throw invalidRequest(message, "invalid_value", "top_logprobs");
  }
  return {
    ...settings(fields),
    prompt,
    maxTokens: fields.max_completion_tokens ?? fields.max_tokens ?? null,
    logprobs: fields.logprobs === true ? (fields.top_logprobs ?? 0) : null,
  };
}

function turnOf({ role, content }: z.infer<typeof chatSchema>["messages"][number]): ChatMessage {
  const text = typeof content === "string" ? content : content.map((part) => part.text).join("");
  return { role: role === "developer" ? "system" : role, content: text };
}

function readText(body: JsonObject, model: ServedModel): Unbounded {
  const fields = checked(textSchema, body);
  const { prompt } = fields;
  const tokens = typeof prompt === "string" ? model.encode(prompt, true) : Uint32Array.from(prompt);
  if (tokens.some((id) => id >= model.vocabularySize)) {
    const message = `prompt: expected ids below ${model.vocabularySize}`;
    throw invalidRequest(message, "invalid_value", "prompt");
  }
  return {
    ...settings(fields),
    prompt: tokens,
    // The API's own default.
    maxTokens: fields.max_tokens ?? 16,
    logprobs: fields.logprobs ?? null,
  };
}

function settings(fields: Common): Omit<Asked, "prompt" | "maxTokens" | "logprobs"> {
  const { temperature, top_k: topK, top_p: topP } = fields;
  return {
    sampling: {
      temperature: temperature ?? 1,
      topK: Math.max(topK ?? 0, 0),
      // 0 is the API's way to say: the most likely token.
      topP: Math.max(topP ?? 1, Number.MIN_VALUE),
      minP: fields.min_p ?? 0,
      repetitionPenalty: fields.repetition_penalty ?? 1,
    },
    stops: [fields.stop ?? []].flat(),
    seed: fields.seed ?? null,
    stream: fields.stream ?? false,
    includeUsage: fields.stream_options?.include_usage ?? false,
    tokenIds: fields.return_token_ids ?? false,
  };
}

/** Ignoring such a field would be another answer than the one asked for. */
function refuseNotOffered(body: JsonObject): void {
  for (const [name, neutral] of Object.entries(NOT_OFFERED)) {
    const value = body[name] ?? [];
    const isEmpty = typeof value === "object" && Object.keys(value).length === 0;
    if (isEmpty || neutral.includes(isObject(value) ? value.type : value)) continue;
    throw invalidRequest(`${name}: not offered here; leave it out`, "unsupported_parameter", name);
  }
}

function tooLong(prompt: number, wanted: number, contextSize: number): RequestError {
  return invalidRequest(
    `the model's context holds ${contextSize} tokens; the prompt has ${prompt} and the answer may have ${wanted}`,
    "context_length_exceeded",
  );
}
