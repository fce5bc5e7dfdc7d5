import type { Random, Scheme } from "@verdigris/core";
import { type Answering, streamed, whole } from "../answers/responses.js";
import { type Piece, SHAPES } from "../answers/shape.js";
import { parseJson, readBytes } from "../body.js";
import { type ApiError, RequestError, errorResponse, tell } from "../errors.js";
import { type JsonObject, textOf } from "../json.js";
import { asksForMark, ownMark } from "../marks/own.js";
import type { RecordOptions } from "../recorder.js";
import { type RequestHandler, UNKNOWN_CALLER, healthRoutes, routed } from "../routes.js";
import { watermarkFetch } from "../watermark-fetch.js";
import { readAsked } from "./asked.js";
import { Issue, type ServedAnswer } from "./issue.js";
import { Jobs } from "./jobs.js";
import type { ServedModel } from "./model.js";
import { Schemes } from "./schemes.js";
import { type ResolveTenant, policyOf, tenantOf } from "./tenants.js";
import { write } from "./writer.js";

/** What is served, to whom. `failure: "open"` covers records only: without a tenant there is no answer. */
export interface ModelServerOptions extends RecordOptions {
  readonly model: ServedModel;
  /** The model's name for clients. */
  readonly modelId: string;
  readonly resolveTenant: ResolveTenant;
  /** Randomness of one answer; the same for the same seed, fresh for null. */
  readonly random: (seed: number | null) => Random;
  /** Requests that may wait for a free sequence; more are answered 503. Default 64. */
  readonly waiting?: number;
  /** Longest answer, in tokens. Default: what the context holds. */
  readonly maxTokens?: number;
  /** Longest body, in bytes. Default 1,048,576. */
  readonly longestBody?: number;
  /** Told of each answer that ended, with its tokens: for sketches of what was served. */
  readonly onAnswer?: (answer: ServedAnswer) => void;
}

/** A server of one model. */
export interface ModelServer {
  /** `POST /v1/chat/completions` and `/v1/completions`, `GET /v1/models`, `/healthz`, `/readyz`. */
  readonly handle: RequestHandler;
  /** Answers being written, and waiting to be. */
  load(): { readonly running: number; readonly waiting: number };
  /** Refuses what comes from now on; resolves when what runs is done, or cut short when `cut` is aborted. */
  close(cut: AbortSignal): Promise<void>;
}

/** An OpenAI-compatible server whose every answer carries its tenant's mark, by policy. Web standards only. */
export function createModelServer(options: ModelServerOptions): ModelServer {
  const jobs = new Jobs(options.model.sequences, options.waiting ?? 64);
  const { modelId, now } = options;
  const one = { id: modelId, object: "model", created: seconds(now()), owned_by: "verdigris" };
  const known =
    (answer: () => Response): RequestHandler =>
    async (request) =>
      (await tenantOf(request, options)) === null ? unknownCaller() : answer();
  const list = known(() => Response.json({ object: "list", data: [one] }));
  const answer = answerRoute(options, jobs);
  const routes = {
    "/v1/chat/completions": { POST: answer },
    "/v1/completions": { POST: answer },
    "/v1/models": { GET: list },
    [`/v1/models/${encodeURIComponent(modelId)}`]: { GET: known(() => Response.json(one)) },
    ...healthRoutes(() => !jobs.closed),
  };
  return {
    handle: routed(routes, options.onError),
    load: () => jobs.load,
    close: (cut) => jobs.close(cut),
  };
}

function answerRoute(options: ModelServerOptions, jobs: Jobs): RequestHandler {
  const schemes = new Schemes();
  return async (request) => {
    if (jobs.closed) return errorResponse(STOPPING, RETRY);
    const tenant = await tenantOf(request, options);
    if (tenant === null) return unknownCaller();
    const body = await readBytes(request, options.longestBody ?? 1 << 20);
    if (jobs.isFull) return errorResponse(OVERLOADED, RETRY);
    const scheme = schemes.of(tenant);
    const issue = new Issue(tenant, options);
    const inner = watermarkFetch(
      async (_input, init) => {
        const asked = parseJson(new TextEncoder().encode(String(init?.body))) as JsonObject;
        const work = { options, jobs, scheme, issue, body: asked, signal: request.signal };
        return complete(new URL(request.url), work);
      },
      { ...options, sink: issue, policy: policyOf(tenant, ownMark(scheme.stage)) },
    );
    return inner(request.url, { method: "POST", headers: request.headers, body });
  };
}

interface Work {
  readonly options: ModelServerOptions;
  readonly jobs: Jobs;
  readonly scheme: Scheme;
  readonly issue: Issue;
  readonly body: JsonObject;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
}

/** Answers a request whose policy is settled. */
async function complete(
  { pathname }: URL,
  { options, jobs, scheme, issue, body, signal }: Work,
): Promise<Response> {
  const { model, modelId, random, newId, now } = options;
  const endpoint = pathname.endsWith("/chat/completions") ? "chat" : "completions";
  try {
    checkModel(body, modelId);
    const longest = options.maxTokens ?? model.contextSize;
    const asked = readAsked(endpoint, body, { model, maxTokens: longest });
    const shape = SHAPES[endpoint];
    const head = { id: shape.idPrefix + newId(), created: seconds(now()), model: modelId };
    const mark = asksForMark(body) ? scheme : null;
    const pieces = (): AsyncIterable<Piece> => {
      const written = write(model, { asked, scheme: mark, random: random(asked.seed) });
      return issue.noting(written, { prompt: asked.prompt, scheme: mark });
    };
    const answering: Answering = {
      shape,
      head,
      includeUsage: asked.includeUsage,
      promptIds: asked.tokenIds ? [...asked.prompt] : null,
      promptTokens: () => asked.prompt.length,
      inTurn: jobs.run.bind(jobs),
      pieces,
      signal,
      count: (usage) => issue.count(usage),
    };
    const tellOperator = (error: unknown): void => tell(options.onError, error);
    return await (asked.stream ? streamed(answering, tellOperator) : whole(answering));
  } catch (error) {
    if (error instanceof RequestError) return errorResponse(error.error);
    throw error;
  }
}

function checkModel({ model }: JsonObject, modelId: string): void {
  if (model === modelId) return;
  const isText = textOf(model) !== null;
  throw new RequestError({
    status: isText ? 404 : 400,
    message: isText ? "model: no such model; see /v1/models" : "model: expected its name",
    type: "invalid_request_error",
    code: isText ? "model_not_found" : "invalid_value",
    param: "model",
  });
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

function unknownCaller(): Response {
  return errorResponse(UNKNOWN_CALLER, { "www-authenticate": "Bearer" });
}

const RETRY = { "retry-after": "1" };
const OVERLOADED: ApiError = {
  status: 503,
  message: "too many requests are waiting; retry after the seconds given",
  type: "api_error",
  code: "server_overloaded",
};
const STOPPING: ApiError = {
  status: 503,
  message: "the server is stopping",
  type: "api_error",
  code: "server_stopping",
};
