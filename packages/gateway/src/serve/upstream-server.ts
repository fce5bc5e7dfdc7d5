import { readBytes } from "../body.js";
import { type ApiError, RequestError, errorResponse, tell } from "../errors.js";
import type { UpstreamMark } from "../marks/mark.js";
import type { RecordOptions } from "../recorder.js";
import type { PassedAnswer } from "../passed.js";
import { endpointOf } from "../request.js";
import { NOT_FOUND, type RequestHandler, UNKNOWN_CALLER, healthRoutes } from "../routes.js";
import { watched } from "../stream/watched.js";
import { watermarkFetch } from "../watermark-fetch.js";
import { type ResolveTenant, type Tenant, policyOf, tenantOf } from "./tenants.js";

/** Which engine is behind, and how it marks. */
export interface UpstreamServerOptions extends RecordOptions {
  /** Base of the engine's paths: `http://engine:8000` where its chats are at `/v1/chat/completions`. */
  readonly upstream: string;
  /** The engine's own API key. Clients' keys stay here. */
  readonly upstreamKey?: string;
  /** How the engine marks a tenant's answers. */
  readonly markOf: (tenant: Tenant) => UpstreamMark;
  readonly resolveTenant: ResolveTenant;
  /** Milliseconds until the engine's answer begins, and between two pieces of it. Default 60,000. */
  readonly patienceMs?: number;
  /** Longest body, in bytes. Default 1,048,576. */
  readonly longestBody?: number;
  /** Sends requests. Default: the global `fetch`; on Node, `nodeFetch` of `@verdigris/gateway/node` costs less. */
  readonly fetch?: typeof globalThis.fetch;
  /** Told of each answer that was not refused, once it has passed: for `AnswerReader`. */
  readonly onPassed?: (answer: PassedAnswer, tenant: Tenant) => void;
}

/** Headers that belong to one connection, or to the client alone. */
const NOT_PASSED: ReadonlySet<string> = new Set([
  "authorization",
  "connection",
  "content-length",
  "cookie",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-api-key",
]);

const NOT_PASSED_BACK = [
  "connection",
  "content-encoding",
  "content-length",
  "keep-alive",
  "transfer-encoding",
];

/**
 * A gateway before an engine that marks by itself: clients are known by their API keys, `watermarkFetch` does the rest. An engine
 * that cannot be reached is 502, one that does not begin to answer 504; one that stops in the middle ends the client's stream.
 */
export function createUpstreamServer(options: UpstreamServerOptions): RequestHandler {
  const health = healthRoutes(() => true);
  return async function handle(request) {
    try {
      const url = new URL(request.url);
      const { pathname } = url;
      if (Object.hasOwn(health, pathname)) return await health[pathname]["GET"](request);
      const tenant = await tenantOf(request, options);
      if (tenant === null) {
        return errorResponse(UNKNOWN_CALLER, { "www-authenticate": "Bearer" });
      }
      if (!isPassed(request.method, url)) return errorResponse(NOT_FOUND);
      return await passOn(request, { url, tenant }, options);
    } catch (error) {
      if (error instanceof RequestError) return errorResponse(error.error);
      tell(options.onError, error);
      return errorResponse(UNREACHABLE);
    }
  };
}

/** What writes text, and the list of models: an engine's other paths are not for its clients. */
function isPassed(method: string, url: URL): boolean {
  if (method === "GET") return /^\/v1\/models(?:\/[^/]+)?$/.test(url.pathname);
  return method === "POST" && url.pathname !== "/" && endpointOf(url) !== null;
}

async function passOn(
  request: Request,
  { url, tenant }: { readonly url: URL; readonly tenant: Tenant },
  options: UpstreamServerOptions,
): Promise<Response> {
  const { onPassed, ...recording } = options;
  const { upstream, markOf, longestBody = 1 << 20, patienceMs = 60_000 } = options;
  const hasBody = request.method !== "GET" && request.method !== "HEAD";
  const body = hasBody ? await readBytes(request, longestBody) : null;
  const policy = policyOf(tenant, markOf(tenant));
  const patience = new Patience(patienceMs, request.signal);
  const send = options.fetch ?? fetch;
  const patient: typeof fetch = async (input, init) =>
    patience.watch(await send(input, { ...init, signal: patience.signal }));
  try {
    const told = onPassed && { onPassed: (answer: PassedAnswer) => onPassed(answer, tenant) };
    return await watermarkFetch(patient, { ...recording, policy, ...told })(
      new URL(`${upstream.replace(/\/+$/, "")}${url.pathname}${url.search}`),
      {
        method: request.method,
        headers: headersFor(request.headers, options.upstreamKey),
        body,
        redirect: "manual",
      },
    );
  } catch (error) {
    if (patience.isOver) return errorResponse(TOO_SLOW);
    throw error;
  }
}

function headersFor(from: Headers, upstreamKey: string | undefined): Headers {
  const headers = new Headers();
  for (const [name, value] of from) if (!NOT_PASSED.has(name)) headers.append(name, value);
  if (upstreamKey !== undefined) headers.set("authorization", `Bearer ${upstreamKey}`);
  // What fetch decodes by itself must not be announced as encoded.
  headers.set("accept-encoding", "identity");
  return headers;
}

/** `fetch` has decoded the body, and its length and framing are the other connection's. */
function passedOn(from: Headers): Headers {
  const headers = new Headers(from);
  for (const name of NOT_PASSED_BACK) headers.delete(name);
  return headers;
}

/** Aborts when nothing has come for a while, or when the client leaves. */
class Patience {
  readonly #abort = new AbortController();
  readonly #ms: number;
  #timer: ReturnType<typeof setTimeout>;
  #isOver = false;

  constructor(ms: number, left: AbortSignal) {
    this.#ms = ms;
    this.#timer = this.#start();
    const leave = (): void => this.#end(left.reason);
    if (left.aborted) leave();
    else left.addEventListener("abort", leave, { once: true });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Whether the upstream took too long. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The answer for the client; each piece that comes begins a new wait. */
  watch({ body, status, statusText, headers: from }: Response): Response {
    this.#again();
    const head = { status, statusText, headers: passedOn(from) };
    if (body === null) {
      clearTimeout(this.#timer);
      return new Response(null, head);
    }
    const piece = (): void => this.#again();
    const end = (): void => clearTimeout(this.#timer);
    return new Response(watched(body, { piece, end }), head);
  }

  #start(): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      this.#isOver = true;
      this.#end(new Error("the upstream took too long"));
    }, this.#ms);
  }

  #again(): void {
    if (this.#abort.signal.aborted) return;
    // Node begins a timer anew without making another.
    if (typeof this.#timer === "object") this.#timer.refresh();
    else {
      clearTimeout(this.#timer);
      this.#timer = this.#start();
    }
  }

  #end(reason: unknown): void {
    clearTimeout(this.#timer);
    this.#abort.abort(reason);
  }
}

const UNREACHABLE: ApiError = {
  status: 502,
  message: "the engine could not be reached",
  type: "api_error",
  code: "upstream_unreachable",
};
const TOO_SLOW: ApiError = {
  status: 504,
  message: "the engine did not begin to answer in time",
  type: "api_error",
  code: "upstream_timeout",
};
