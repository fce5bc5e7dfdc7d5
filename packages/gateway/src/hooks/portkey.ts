import { RequestError } from "../errors.js";
import { type JsonObject, isObject, textOf } from "../json.js";
import { described, planOf } from "../plan.js";
import type { ChoosePolicy, Policy } from "../policy.js";
import { type Started, statusLabel } from "../record.js";
import { type RecordOptions, Recorder } from "../recorder.js";
import { readAnswer } from "../stream/answer.js";
import { Transcript } from "../stream/transcript.js";

/** How a hook of Portkey's gateway marks and records. */
export interface PortkeyOptions extends RecordOptions {
  /** One policy for everything, or a choice for each request. Its `headers` are those of the hook's configuration. */
  readonly policy: Policy | ChoosePolicy;
}

/** What Portkey's gateway (1.15) makes of a hook's answer. */
export interface PortkeyResult {
  readonly error: { readonly message: string } | null;
  /** False refuses the request, where the hook's configuration says `deny`. */
  readonly verdict: boolean;
  readonly data: JsonObject | null;
  readonly transformedData: {
    readonly request: { readonly json: JsonObject | null };
    readonly response: { readonly json: null };
  };
  readonly transformed: boolean;
}

/** A plugin's handler, as Portkey's gateway (1.15) calls it. */
export type PortkeyHandler = (
  context: JsonObject,
  parameters: JsonObject,
  eventType: "beforeRequestHook" | "afterRequestHook",
) => Promise<PortkeyResult>;

/** Answers that are waited for; the oldest are forgotten, their records end without an end. */
const MOST_WAITING = 10_000;

/**
 * The gateway of `watermarkFetch` as a plugin of Portkey's: before a request it asks for the mark, after an answer that came in
 * one piece it records its end. Portkey shows no stream to plugins, and passes on only the fields that it knows of the
 * provider: `logitBiasMark` reaches all, an engine's own switch not every one.
 */
export function portkeyPlugin(options: PortkeyOptions): PortkeyHandler {
  const recorder = new Recorder(options);
  const waiting = new Map<string, Started[]>();
  return async function watermark(context, parameters, eventType) {
    const asked = partOf(context, "request");
    if (asked === null) return result(true);
    if (eventType === "afterRequestHook") {
      const start = take(waiting, asked);
      // What is shown of a stream is not its answer.
      if (start !== null && asked.stream !== true) end(recorder, start, context);
      return result(true);
    }
    try {
      const request = { ...requestOf(context, parameters), body: asked };
      const plan = await planOf(request, { policy: options.policy, recorder });
      const start = await recorder.begin(described(request, plan));
      put(waiting, plan.body, start);
      return result(true, { start, body: plan.body });
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      return { ...result(false), error: { message: error.message } };
    }
  };
}

function result(
  verdict: boolean,
  planned?: { readonly start: Started; readonly body: JsonObject },
): PortkeyResult {
  const { start, body = null } = planned ?? {};
  const data =
    start === undefined
      ? null
      : {
          profile: start.profile?.id ?? null,
          status: statusLabel(start.status),
          record: start.record,
        };
  const transformedData = { request: { json: body }, response: { json: null } };
  return { error: null, verdict, data, transformedData, transformed: body !== null };
}

/** The JSON of `request` or `response`. */
function partOf(context: JsonObject, name: "request" | "response"): JsonObject | null {
  const part = context[name];
  return isObject(part) && isObject(part.json) ? part.json : null;
}

/** What a policy is chosen by: Portkey's names for endpoints, and the headers that the operator configured. */
function requestOf(
  { requestType }: JsonObject,
  { headers }: JsonObject,
): { readonly endpoint: "chat" | "completions"; readonly url: URL; readonly headers: Headers } {
  const endpoint = requestType === "complete" ? "completions" : "chat";
  const path = endpoint === "chat" ? "/v1/chat/completions" : "/v1/completions";
  const given = isObject(headers) ? Object.entries(headers) : [];
  const texts = given.filter((entry): entry is [string, string] => textOf(entry[1]) !== null);
  return { endpoint, url: new URL(path, "http://portkey"), headers: new Headers(texts) };
}

/** Requests of the same body that run at once have records that say the same: any of them may end first. */
function put(waiting: Map<string, Started[]>, body: JsonObject, start: Started): void {
  const name = JSON.stringify(body);
  waiting.set(name, [...(waiting.get(name) ?? []), start]);
  const [oldest] = waiting.keys();
  if (waiting.size > MOST_WAITING) waiting.delete(oldest);
}

function take(waiting: Map<string, Started[]>, body: JsonObject): Started | null {
  const name = JSON.stringify(body);
  const [start = null, ...rest] = waiting.get(name) ?? [];
  if (rest.length === 0) waiting.delete(name);
  else waiting.set(name, rest);
  return start;
}

function end(recorder: Recorder, start: Started, context: JsonObject): void {
  const transcript = new Transcript();
  transcript.add(readAnswer(partOf(context, "response")));
  const { id: upstreamId, completionTokens } = transcript;
  const choices = transcript.choices();
  recorder.end(start, {
    outcome: "complete",
    httpStatus: 200,
    upstreamId,
    completionTokens,
    choices,
  });
}
