/** Answers on their way to the client: in one piece, or as events. */
import { type ApiError, RequestError } from "../errors.js";
import type { JsonObject } from "../json.js";
import { BROKEN } from "../routes.js";
import { type AnswerHead, type Shape, type Usage, choiceOf, joined, sse } from "./answer.js";
import type { Asked } from "./asked.js";
import type { Cut, Jobs } from "./jobs.js";
import type { Piece } from "./writer.js";

/** All that answering takes. */
export interface Answering {
  readonly asked: Asked;
  readonly shape: Shape;
  readonly head: AnswerHead;
  readonly jobs: Jobs;
  readonly pieces: () => AsyncIterable<Piece>;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
  /** Told what an answer has taken so far. */
  readonly count: (usage: Usage) => void;
}

/** @throws RequestError for an answer that is cut */
export async function whole(answering: Answering): Promise<Response> {
  const { asked, shape, head, signal } = answering;
  const pieces: Piece[] = [];
  const { cut, usage } = await run(answering, { signal, take: (piece) => void pieces.push(piece) });
  if (cut !== null) throw new RequestError(cut === "left" ? LEFT : CUT);
  const piece = joined(pieces);
  const words = shape.message(piece.text);
  return Response.json({
    ...headOf(head, shape.whole),
    choices: [choiceOf(shape, { words, piece, offset: 0, tokenIds: asked.tokenIds })],
    usage,
    ...(asked.tokenIds ? { prompt_token_ids: [...asked.prompt] } : {}),
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
  const { asked, shape, head } = answering;
  const encoder = new TextEncoder();
  const send = (text: string): void => {
    if (!signal.aborted) controller.enqueue(encoder.encode(text));
  };
  const event = (choices: readonly JsonObject[], more: JsonObject = {}): void =>
    send(sse({ ...headOf(head, shape.event), choices, ...more }));
  const usageOf = (usage: Usage | null): JsonObject => (asked.includeUsage ? { usage } : {});
  if (shape.opening !== null) {
    event([{ index: 0, ...shape.opening, logprobs: null, finish_reason: null }], usageOf(null));
  }
  let offset = 0;
  const take = (piece: Piece): void => {
    const words = shape.delta(piece.text);
    const { tokenIds } = asked;
    event([choiceOf(shape, { words, piece, offset, tokenIds })], usageOf(null));
    offset += piece.text.length;
  };
  try {
    const { cut, usage } = await run(answering, { signal, take });
    if (cut === null && asked.includeUsage) event([], { usage });
    send(cut === null ? sse("[DONE]") : sse(errorOf(CUT)));
  } catch (error) {
    onError(error);
    send(sse(errorOf(BROKEN)));
  }
  if (!signal.aborted) controller.close();
}

/** Writes the answer in its turn. */
async function run(
  { asked, jobs, pieces, count }: Answering,
  { signal, take }: { readonly signal: AbortSignal; readonly take: (piece: Piece) => void },
): Promise<{ readonly cut: Cut | null; readonly usage: Usage }> {
  let n = 0;
  const usage = (): Usage => ({
    prompt_tokens: asked.prompt.length,
    completion_tokens: n,
    total_tokens: asked.prompt.length + n,
  });
  const cut = await jobs.run(async (stop) => {
    for await (const piece of pieces()) {
      n += piece.tokenIds.length;
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
