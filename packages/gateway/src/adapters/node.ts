/** Gateways on Node: requests to an engine over undici's client, and answers straight to the connection. */
import type { ServerResponse } from "node:http";
import type { Dispatcher } from "undici";
import { isRequest, urlOf } from "../request.js";
import type { RequestHandler } from "../routes.js";
import { type Sink, WatchedStream } from "../stream/watched.js";

/** Statuses whose answers have no body. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);
/** What can be decoded. */
const ENCODINGS: Readonly<Record<string, "gzip" | "deflate">> = {
  gzip: "gzip",
  "x-gzip": "gzip",
  deflate: "deflate",
};

/**
 * A `fetch` for gateways on Node, whose answers cost less than half of the global one's: the body comes straight from the
 * connection, in one stream that gateways watch without another around it. Of `fetch` it has what a gateway needs: bodies of
 * bytes or text, no redirects followed, no cookies. It has no deadline of its own. An answer that is encoded though nobody asked for
 * it is decoded. Its connections stay open for as long as the process lives.
 */
export async function nodeFetch(): Promise<typeof globalThis.fetch> {
  const { Agent } = await import("undici");
  const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  return async function send(input, init) {
    const { url, signal, ...call } = plainCall(input, init) ?? (await readCall(input, init));
    signal?.throwIfAborted();
    const { origin, pathname, search } = url;
    return new Promise<Response>((resolve, reject) => {
      const answering = new Answering({ resolve, reject, signal });
      dispatcher.dispatch({ origin, path: pathname + search, ...call }, answering);
    });
  };
}

interface Call {
  readonly url: URL;
  readonly method: Dispatcher.HttpMethod;
  readonly headers: Headers;
  readonly body: string | Uint8Array | null;
  readonly signal: AbortSignal | null;
}

/** What is to be sent, where it takes no `Request` to know; else null. */
function plainCall(input: string | URL | Request, init: RequestInit = {}): Call | null {
  const { method, body = null, headers: given, signal = null } = init;
  const isPlain = body === null || typeof body === "string" || body instanceof Uint8Array;
  if (!isPlain || method === undefined || isRequest(input)) return null;
  const headers = given instanceof Headers ? given : new Headers(given);
  return { url: urlOf(input), method, headers, body, signal };
}

async function readCall(input: string | URL | Request, init?: RequestInit): Promise<Call> {
  const call = new Request(input, init);
  const bytes = call.body === null ? null : new Uint8Array(await call.arrayBuffer());
  const { method, headers, signal } = call;
  return { url: urlOf(call), method, headers, body: bytes, signal };
}

interface Waiting {
  resolve(answer: Response): void;
  reject(error: unknown): void;
  readonly signal: AbortSignal | null;
}

/** What undici tells of one answer. It is held until its body is read. */
class Answering implements Dispatcher.DispatchHandler {
  readonly #waiting: Waiting;
  readonly #leave = (): void => this.#abort(this.#waiting.signal?.reason);
  #controller: Dispatcher.DispatchController | null = null;
  #sink: Sink | null = null;

  constructor(waiting: Waiting) {
    this.#waiting = waiting;
    waiting.signal?.addEventListener("abort", this.#leave, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#waiting.signal?.aborted) this.#leave();
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    from: Readonly<Record<string, string | string[] | undefined>>,
    statusText = "",
  ): void {
    // An answer may be announced first.
    if (status < 200) return;
    const headers = headersOf(from);
    const head = { status, statusText, headers };
    const encoding = headers.get("content-encoding")?.toLowerCase() ?? "identity";
    if (BODILESS.has(status)) this.#waiting.resolve(new Response(null, head));
    else if (encoding !== "identity" && !Object.hasOwn(ENCODINGS, encoding)) {
      const expected = "content-encoding: expected gzip, deflate or identity";
      this.#abort(new TypeError(`${expected}, got ${encoding}`));
    } else {
      controller.pause();
      const body = decoded(this.#body(controller), encoding, headers);
      this.#waiting.resolve(new Response(body, head));
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Uint8Array): void {
    if (this.#sink?.piece(piece) === false) controller.pause();
  }

  onResponseEnd(): void {
    this.#settle();
    this.#sink?.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: unknown): void {
    this.#settle();
    this.#sink?.fail(error);
    this.#waiting.reject(error);
  }

  #body(controller: Dispatcher.DispatchController): WatchedStream {
    return new WatchedStream((sink) => {
      this.#sink = sink;
      return { resume: () => controller.resume(), cancel: (reason) => this.#abort(reason) };
    });
  }

  #abort(reason: unknown): void {
    this.#settle();
    this.#waiting.reject(reason);
    this.#controller?.abort(reason instanceof Error ? reason : new Error("the reader has gone"));
  }

  #settle(): void {
    this.#waiting.signal?.removeEventListener("abort", this.#leave);
  }
}

function headersOf(from: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(from)) {
    for (const value of [values ?? []].flat()) headers.append(name, value);
  }
  return headers;
}

function decoded(
  body: WatchedStream,
  encoding: string,
  headers: Headers,
): ReadableStream<Uint8Array> {
  if (encoding === "identity") return body;
  headers.delete("content-encoding");
  headers.delete("content-length");
  return body.pipeThrough(new DecompressionStream(ENCODINGS[encoding]));
}

/**
 * A handler for `serve` of @hono/node-server: event streams that a gateway has watched go straight to the connection, past web
 * streams; their watchers are told afterwards. HTTP/1.1 only.
 */
export async function pouring(
  handle: RequestHandler,
): Promise<(request: Request, env: { readonly outgoing: unknown }) => Promise<Response>> {
  const { RESPONSE_ALREADY_SENT: sent } = await import("@hono/node-server/utils/response");
  // Made after a server has started it is a Response of hono's, which would be sent until it is read.
  void sent.body;
  return async (request, { outgoing }) => {
    const answer = await handle(request);
    if (!/^text\/event-stream\b/i.test(answer.headers.get("content-type") ?? "")) return answer;
    const { body, status, headers } = answer;
    // hono is slower with a response whose body was looked at.
    if (!(body instanceof WatchedStream)) return new Response(body, { status, headers });
    pour(body, { status, headers }, outgoing as ServerResponse);
    return sent;
  };
}

/** Begins to write an answer. The head goes out with the first piece if that is there. */
function pour(
  body: WatchedStream,
  { status, headers }: { readonly status: number; readonly headers: Headers },
  response: ServerResponse,
): void {
  response.writeHead(status, [...headers].flat());
  const source = body.pour({
    piece: (bytes) => response.write(bytes),
    end: () => void response.end(),
    fail: () => void response.destroy(),
  });
  const leave = (): void => {
    if (!response.writableFinished) void source.cancel(new Error("the client has gone"));
  };
  response.on("drain", () => void source.resume());
  response.once("close", leave);
  response.on("error", leave);
  void source.resume();
  if (response.writableLength === 0) response.flushHeaders();
}
