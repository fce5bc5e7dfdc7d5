import { RequestError, errorResponse, tell } from "./errors.js";
import { LONGEST_SAID, type PassedAnswer } from "./passed.js";
import { described, planOf } from "./plan.js";
import type { ChoosePolicy, Policy } from "./policy.js";
import { type Started, statusLabel } from "./record.js";
import { type RecordOptions, Recorder } from "./recorder.js";
import { type AnswerRequest, type FetchCall, readRequest, unlabel, withBody } from "./request.js";
import { jsonWatcher, sseWatcher } from "./stream/taps.js";
import { Transcript } from "./stream/transcript.js";
import { type Watcher, watched } from "./stream/watched.js";

/** How a gateway marks and records. */
export interface WatermarkFetchOptions extends RecordOptions {
  /** One policy for everything, or a choice for each request. */
  readonly policy: Policy | ChoosePolicy;
  /** Told of each answer that was not refused, once it has passed. Its text is kept until then, for this only. */
  readonly onPassed?: (answer: PassedAnswer) => void;
}

type Fetch = typeof globalThis.fetch;

/**
 * A `fetch` that asks the upstream to mark, by policy: for every client that takes a custom fetch (the OpenAI client, the
 * AI SDK, OpenRouter's). Requests that do not ask for an answer pass untouched. Answers get the headers
 * `x-watermark-profile`, `-status` and `-record`, pass byte for byte, and are recorded. Aborts, stalls and broken streams
 * stay what they are. The body is parsed and written anew: whole numbers beyond 2^53 lose their last digits.
 */
export function watermarkFetch(fetch: Fetch, options: WatermarkFetchOptions): Fetch {
  return async function watermarkedFetch(input, init) {
    const call = { input, init };
    try {
      const request = await readRequest(call);
      if (request === null) return await fetch(input, init);
      return await answer(fetch, { call, request, options });
    } catch (error) {
      if (error instanceof RequestError) return errorResponse(error.error);
      throw error;
    }
  };
}

interface Work {
  readonly call: FetchCall;
  readonly request: AnswerRequest;
  readonly options: WatermarkFetchOptions;
}

async function answer(fetch: Fetch, { call, request, options }: Work): Promise<Response> {
  const recorder = new Recorder(options);
  const plan = await planOf(request, { policy: options.policy, recorder });
  const start = await recorder.begin(described(request, plan));
  const end = recorder.end.bind(recorder, start);
  const nothing = { httpStatus: null, upstreamId: null, completionTokens: null, choices: [] };
  let response: Response;
  try {
    const { input, init } = withBody(call, request.headers, plan.body);
    response = await fetch(input, init);
  } catch (error) {
    end({ outcome: "failed", ...nothing });
    throw error;
  }
  const { body, status: httpStatus, statusText } = response;
  const head = { status: httpStatus, statusText, headers: labelled(response.headers, start) };
  const transcript = new Transcript(options.onPassed === undefined ? 0 : LONGEST_SAID);
  const passed = (): void =>
    tellOf({ start, body: request.body, said: transcript.said() }, options);
  const reading = readingOf(response, transcript, (outcome) => {
    end({
      outcome,
      httpStatus,
      upstreamId: transcript.id,
      completionTokens: transcript.completionTokens,
      choices: transcript.choices(),
    });
    passed();
  });
  if (body === null || reading === null) {
    end({ ...nothing, outcome: response.ok ? "complete" : "refused", httpStatus });
    if (response.ok) passed();
    return new Response(body, head);
  }
  return new Response(watched(body, reading), head);
}

/** The upstream's headers with ours in place of any it sent. */
function labelled(from: Headers, { record, status, profile }: Started): Headers {
  const headers = new Headers(from);
  unlabel(headers);
  if (profile !== null) headers.set("x-watermark-profile", profile.id);
  headers.set("x-watermark-status", statusLabel(status));
  headers.set("x-watermark-record", record);
  return headers;
}

function tellOf(passed: PassedAnswer, { onPassed, onError }: WatermarkFetchOptions): void {
  try {
    onPassed?.(passed);
  } catch (error) {
    tell(onError, error);
  }
}

/** What reads an answer; null for an error and for what is neither JSON nor an event stream. */
function readingOf(
  { ok, headers }: Response,
  transcript: Transcript,
  end: (outcome: "complete" | "cut") => void,
): Watcher | null {
  if (!ok) return null;
  const type = headers.get("content-type") ?? "";
  const observer = { part: transcript.add.bind(transcript), end };
  if (/^text\/event-stream\b/i.test(type)) return sseWatcher(observer);
  return /^application\/(?:[\w.+-]+\+)?json\b/i.test(type) ? jsonWatcher(observer) : null;
}
