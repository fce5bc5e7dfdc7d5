/** Answers on their way to the client: in one piece, or as events. */
import { type ApiError, RequestError } from "../errors.js";
import type { JsonObject } from "../json.js";
import { BROKEN } from "../routes.js";
import {
  type AnswerHead,
  type Piece,
  type Shape,
  type Usage,
  choiceOf,
  joined,
  sse,
} from "./shape.js";

/** Why an answer was not written to its end. */
export type Cut = "left" | "stopping";

/** One answer's work; ends early, without an error, once `signal` is aborted. */
export type Job = (signal: AbortSignal) => Promise<void>;

/** All that answering takes. */
export interface Answering {
  readonly shape: Shape;
  readonly head: AnswerHead;
  /** Count tokens in a last event. */
  readonly includeUsage: boolean;
  /** The prompt's ids, where ids are to be sent. */
  readonly promptIds: readonly number[] | null;
  /** Tokens of the prompt, once something is written. */
  readonly promptTokens: () => number;
  /** Runs a job in its turn; the value says whether it was cut. */
  readonly inTurn: (job: Job, left: AbortSignal) => Promise<Cut | null>;
  readonly pieces: () => AsyncIterable<Piece>;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
  /** Told what an answer has taken so far. */
  readonly count: (usage: Usage) => void;
}

/** @throws RequestError for an answer that is cut */
export async function whole(answering: Answering): Promise<Response> {
  const { promptIds, shape, head, signal } = answering;
  const pieces: Piece[] = [];
  const { cut, usage } = await run(answering, { signal, take: (piece) => void pieces.push(piece) });
  if (cut !== null) throw new RequestError(cut === "left" ? LEFT : CUT);
  const piece = joined(pieces);
  const words = shape.message(piece.text);
  return Response.json({
    ...headOf(head, shape.whole),
    choices: [choiceOf(shape, { words, piece, offset: 0, tokenIds: promptIds !== null })],
    usage,
    ...(promptIds === null ? {} : { prompt_token_ids: promptIds }),
  });
}

/**
 * The answer is written as fast as the model can, however slowly the client reads: what waits is bounded by the answer's
 * length, and a slow reader holds no sequence.
 */
export function streamed(answering: Answering, onError: (error: unknown) => void): Response {
  const cancelled = new AbortController();
  const cancel = (): void => cancelled.abort();
  answering.signal.addEventListener("abort", cancel, { once: true });
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      void pump(answering, { signal: cancelled.signal, controller, onError }).finally(() =>
        answering.signal.removeEventListener("abort", cancel),
      );
    },
    cancel,
  });
  return new Response(stream, { headers: SSE_HEADERS });
}

interface Streaming {
  readonly signal: AbortSignal;
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  readonly onError: (error: unknown) => void;
}

async function pump(
  answering: Answering,
  { signal, controller, onError }: Streaming,
): Promise<void> {
  const { includeUsage, promptIds, shape, head } = answering;
  const encoder = new TextEncoder();
  const send = (text: string): void => {
    if (!signal.aborted) controller.enqueue(encoder.encode(text));
  };
  const event = (choices: readonly JsonObject[], more: JsonObject = {}): void =>
    send(sse({ ...headOf(head, shape.event), choices, ...more }));
  const usageOf = (usage: Usage | null): JsonObject => (includeUsage ? { usage } : {});
  if (shape.opening !== null) {
    event([{ index: 0, ...shape.opening, logprobs: null, finish_reason: null }], usageOf(null));
  }
  let offset = 0;
  const take = (piece: Piece): void => {
    const words = shape.delta(piece.text);
    const tokenIds = promptIds !== null;
    event([choiceOf(shape, { words, piece, offset, tokenIds })], usageOf(null));
    offset += piece.text.length;
  };
  try {
    const { cut, usage } = await run(answering, { signal, take });
    if (cut === null && includeUsage) event([], { usage });
    send(cut === null ? sse("[DONE]") : sse(errorOf(CUT)));
  } catch (error) {
    onError(error);
    send(sse(errorOf(BROKEN)));
  }
  if (!signal.aborted) controller.close();
}

/** Writes the answer in its turn. */
async function run(
  { promptTokens, inTurn, pieces, count }: Answering,
  { signal, take }: { readonly signal: AbortSignal; readonly take: (piece: Piece) => void },
): Promise<{ readonly cut: Cut | null; readonly usage: Usage }> {
  let n = 0;
  const usage = (): Usage => ({
    prompt_tokens: promptTokens(),
    completion_tokens: n,
    total_tokens: promptTokens() + n,
  });
  const cut = await inTurn(async (stop) => {
    for await (const piece of pieces()) {
      n += piece.tokens;
      if (stop.aborted) return;
      count(usage());
      take(piece);
    }
  }, signal);
  return { cut, usage: usage() };
}

function headOf({ id, created, model }: AnswerHead, object: string): JsonObject {
  return { id, object, created, model };
}

/** An error in the middle of a stream, as OpenAI's clients read it. */
function errorOf({ message, type, code }: ApiError): JsonObject {
  return { error: { message, type, param: null, code } };
}

const SSE_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
};

const CUT: ApiError = {
  status: 503,
  message: "the server is stopping, and this answer was cut short",
  type: "api_error",
  code: "server_stopping",
};
/** Nobody is there to read it. */
const LEFT: ApiError = {
  status: 499,
  message: "the client left",
  type: "invalid_request_error",
  code: "client_left",
};
