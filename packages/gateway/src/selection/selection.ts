import type { Scheme } from "@verdigris/core";
import type { Tokenizer } from "@verdigris/text/portable";
import { type Job, streamed, whole } from "../answers/responses.js";
import { type Piece, SHAPES } from "../answers/shape.js";
import { RequestError, errorResponse, invalidRequest, tell } from "../errors.js";
import { type JsonObject, isObject, listOf, textOf } from "../json.js";
import { withoutSwitches } from "../marks/mark.js";
import { asksForMark } from "../marks/own.js";
import type { RecordOptions } from "../recorder.js";
import { endpointOf } from "../request.js";
import { readAnswer } from "../stream/answer.js";
import { GrowingText } from "./candidates.js";

/** How an upstream is told to go on with an unfinished answer. */
export type ContinuationStyle =
  /** vLLM and SGLang: `continue_final_message`. */
  | "continue-final-message"
  /** DeepSeek and Mistral: `prefix` on the last message. */
  | "prefix";

/** How answers are chosen. */
export interface SelectionOptions extends Pick<RecordOptions, "newId" | "now" | "onError"> {
  /** The mark, bound to its tenant's key; its profile says `embedding: "select"`. */
  readonly scheme: Scheme;
  /** The profile's. */
  readonly tokenizer: Pick<Tokenizer, "encode">;
  /** Continuations to choose from, at least 2: the cost of an answer grows by this factor. */
  readonly candidates: number;
  /** Tokens of a passage. Default 16. */
  readonly passage?: number;
  /** How chats are continued; text completions continue their prompt. Default "continue-final-message". */
  readonly style?: ContinuationStyle;
}

/** A chosen piece of an answer. */
interface Passage {
  readonly text: string;
  /** Why the answer ends; null if it goes on. */
  readonly finish: string | null;
  /** Tokens that the upstream wrote for it, in all candidates, and read for them. */
  readonly tokens: number;
  readonly promptTokens: number;
}

/** Longest answer where the client sets no limit. */
const USUAL_TOKENS = 1024;

type Fetch = typeof globalThis.fetch;

/**
 * An upstream that only samples, as one that marks: a passage at a time, the continuation that carries most of the mark is
 * chosen of several (after WaterMax, Giboulot and Furon 2024). Goes inside `watermarkFetch` with `ownMark()` as the mark. A
 * text's null hypothesis is untouched: whoever does not know the key writes as before. But the choice leaks into what an innocent
 * model finds likely, so no claim about training follows from it, and `survive` refuses such profiles.
 * @throws RangeError for fewer than 2 candidates, or a profile that does not say how it is embedded
 */
export function selectionFetch(fetch: Fetch, options: SelectionOptions): Fetch {
  const { candidates, scheme, passage = 16 } = options;
  if (!(Number.isInteger(candidates) && candidates >= 2 && passage >= 1)) {
    throw new RangeError(`candidates: expected a whole number of 2 or more, got ${candidates}`);
  }
  if (scheme.profile.embedding !== "select") {
    throw new RangeError('scheme: expected a profile with embedding "select"');
  }
  return async function selectingFetch(input, init) {
    const request = new Request(input, init);
    const endpoint = endpointOf(new URL(request.url));
    if (request.method !== "POST" || (endpoint !== "chat" && endpoint !== "completions")) {
      return fetch(request);
    }
    const { url, headers, signal } = request;
    const given = (await request.json()) as JsonObject;
    const body = withoutSwitches(given);
    const send = (fields: JsonObject): Promise<Response> =>
      fetch(url, { method: "POST", headers, body: JSON.stringify(fields), signal });
    if (!asksForMark(given)) return send(body);
    try {
      refuseNotOffered(body);
      const passages = select({ send, body, endpoint, options });
      return await answered(passages, { body, endpoint, signal, options });
    } catch (error) {
      if (error instanceof RequestError) return errorResponse(error.error);
      if (error instanceof Refused) return error.response;
      throw error;
    }
  };
}

interface Answered {
  readonly body: JsonObject;
  readonly endpoint: "chat" | "completions";
  readonly signal: AbortSignal;
  readonly options: SelectionOptions;
}

/** The first passage is awaited, so that an upstream's refusal is the answer's. */
async function answered(
  passages: AsyncGenerator<Passage>,
  { body, endpoint, signal, options }: Answered,
): Promise<Response> {
  const first = await passages.next();
  let promptTokens = 0;
  const pieces = async function* (): AsyncGenerator<Piece> {
    for (let step = first; step.done !== true; step = await passages.next()) {
      promptTokens ||= step.value.promptTokens;
      const { text, tokens, finish } = step.value;
      yield { text, tokens, finish, tokenIds: [], logprobs: null };
    }
  };
  const shape = SHAPES[endpoint];
  const { newId, now, onError } = options;
  const usage = isObject(body.stream_options) ? body.stream_options.include_usage : false;
  const answering = {
    shape,
    head: {
      id: shape.idPrefix + newId(),
      created: Math.floor(now() / 1000),
      model: textOf(body.model) ?? "",
    },
    includeUsage: usage === true,
    promptIds: null,
    promptTokens: () => promptTokens,
    inTurn: async (job: Job, left: AbortSignal) => {
      await job(left);
      return left.aborted ? ("left" as const) : null;
    },
    pieces,
    signal,
    count: () => {},
  };
  return body.stream === true
    ? streamed(answering, (error) => tell(onError, error))
    : whole(answering);
}

/** Of several answers, or of probabilities, a chosen text has none. */
function refuseNotOffered(body: JsonObject): void {
  for (const name of ["n", "best_of", "logprobs", "top_logprobs", "echo"]) {
    const value = body[name] ?? null;
    if (value === null || value === false || value === 1) continue;
    throw invalidRequest(`${name}: not offered here; leave it out`, "unsupported_parameter", name);
  }
}

/** The upstream's own error, for the client. */
class Refused extends Error {
  readonly response: Response;

  constructor(response: Response) {
    super(`the upstream answered ${response.status}`);
    this.response = response;
  }
}

interface Selecting {
  readonly send: (body: JsonObject) => Promise<Response>;
  readonly body: JsonObject;
  readonly endpoint: "chat" | "completions";
  readonly options: SelectionOptions;
}

/** The chosen passages, the last with its reason. @throws Refused what the upstream says if it is an error */
async function* select({ send, body, endpoint, options }: Selecting): AsyncGenerator<Passage> {
  const { scheme, tokenizer, candidates, passage: length = 16, style } = options;
  const text = new GrowingText(scheme, tokenizer);
  const limits = [body.max_completion_tokens, body.max_tokens].filter((n) => typeof n === "number");
  let left = limits.length === 0 ? USUAL_TOKENS : Math.max(...limits);
  while (left > 0) {
    const tokens = Math.min(length, left);
    left -= tokens;
    const fields = continued(body, { endpoint, text: text.text, style });
    const { stream_options: _, max_completion_tokens: __, ...rest } = fields;
    const response = await send({ ...rest, max_tokens: tokens, n: candidates, stream: false });
    if (!response.ok) throw new Refused(response);
    const answer: unknown = await response.json();
    const { deltas, completionTokens } = readAnswer(answer);
    if (deltas.length === 0) throw new TypeError("the upstream's answer has no choices");
    const chosen = deltas[text.best(deltas.map((delta) => delta.text))];
    text.add(chosen.text);
    const isLast = chosen.finishReason !== "length" || left === 0;
    const finish = isLast ? (chosen.finishReason ?? "stop") : null;
    yield {
      text: chosen.text,
      finish,
      tokens: completionTokens ?? 0,
      promptTokens: promptTokensOf(answer),
    };
    if (isLast) return;
  }
}

/** A body that asks for what follows `text`. @throws RequestError for a prompt that is no text */
function continued(
  body: JsonObject,
  {
    endpoint,
    text,
    style = "continue-final-message",
  }: {
    readonly endpoint: "chat" | "completions";
    readonly text: string;
    readonly style: ContinuationStyle | undefined;
  },
): JsonObject {
  if (endpoint === "completions") {
    if (typeof body.prompt === "string") return { ...body, prompt: body.prompt + text };
    throw invalidRequest("prompt: expected a text", "invalid_value", "prompt");
  }
  if (text === "") return body;
  const isPrefix = style === "prefix";
  const last = { role: "assistant", content: text, ...(isPrefix ? { prefix: true } : {}) };
  const switches = isPrefix ? {} : { continue_final_message: true, add_generation_prompt: false };
  return { ...body, ...switches, messages: [...listOf(body.messages), last] };
}

function promptTokensOf(answer: unknown): number {
  const usage = isObject(answer) && isObject(answer.usage) ? answer.usage.prompt_tokens : 0;
  return typeof usage === "number" ? usage : 0;
}
