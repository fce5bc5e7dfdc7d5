import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { endpointOf } from "../request.js";
import { type WatermarkFetchOptions, watermarkFetch } from "../watermark-fetch.js";

/** What Fastify sends. */
type Payload = string | Buffer | Readable | ReadableStream<Uint8Array> | null | undefined;

/** One request between its two hooks. */
interface Exchange {
  /** The labelled answer, once the handler's is known. */
  readonly labelled: Promise<Response>;
  readonly answer: (response: Response) => void;
  readonly fail: (error: Error) => void;
}

/**
 * Fastify plugin: what `watermarkFetch` does, around the handlers of the scope it is registered in. They find the changed
 * request in `request.body`, parsed, and their answer is labelled and recorded. A reply that is hijacked is not seen.
 */
export const fastifyWatermark = Object.assign(plugin, {
  // Fastify's own word for "the hooks are for the scope that registers me".
  [Symbol.for("skip-override")]: true,
});

async function plugin(app: FastifyInstance, options: WatermarkFetchOptions): Promise<void> {
  const exchanges = new WeakMap<FastifyRequest, Exchange>();
  app.addHook("preHandler", async (request, reply) => {
    const opened = await open(request, options);
    if (opened instanceof Response) {
      reply.code(opened.status).headers(Object.fromEntries(opened.headers));
      return reply.send(await opened.text());
    }
    if (opened === null) return undefined;
    exchanges.set(request, opened);
    // In time for a client that leaves, or has left; without effect once there is an answer.
    const leave = (): void => opened.fail(new Error("the request ended without an answer"));
    if (reply.raw.closed) leave();
    else reply.raw.once("close", leave);
    return undefined;
  });
  app.addHook("onSend", async (request, reply, payload) => {
    const exchange = exchanges.get(request);
    return exchange === undefined ? payload : labelled(exchange, reply, payload as Payload);
  });
}

/** Plans the request: null if it asks for no answer, a response if it must not reach the handler. */
async function open(
  request: FastifyRequest,
  options: WatermarkFetchOptions,
): Promise<Exchange | Response | null> {
  const url = `http://${request.host}${request.url}`;
  if (request.method !== "POST" || endpointOf(new URL(url)) === null) return null;
  let proceed: (init: RequestInit | undefined) => void = () => {};
  const proceeded = new Promise<RequestInit | undefined>((resolve) => (proceed = resolve));
  let exchange: Omit<Exchange, "labelled"> = { answer() {}, fail() {} };
  const answered = new Promise<Response>((answer, fail) => (exchange = { answer, fail }));
  const sent = { method: "POST", headers: headersOf(request.headers), body: bodyOf(request) };
  const labelledAnswer = watermarkFetch(async (_input, init) => {
    proceed(init);
    return answered;
  }, options)(url, sent);
  // Whoever waits for it gets the rejection; nobody waits when the client has gone.
  labelledAnswer.catch(() => {});
  const first = await Promise.race([proceeded, labelledAnswer]);
  if (first instanceof Response) return first;
  request.body = JSON.parse(String(first?.body));
  for (const name of Object.keys(request.headers)) {
    if (name.startsWith("x-watermark-")) delete request.headers[name];
  }
  return { ...exchange, labelled: labelledAnswer };
}

async function labelled(
  { answer, labelled: coming }: Exchange,
  reply: FastifyReply,
  payload: Payload,
): Promise<Payload> {
  const isStream = payload instanceof Readable || payload instanceof ReadableStream;
  const isEmpty =
    (payload ?? null) === null || reply.statusCode === 204 || reply.statusCode === 304;
  const body = payload instanceof Readable ? Readable.toWeb(payload) : payload;
  const headers = headersOf(reply.getHeaders());
  const init = { status: reply.statusCode, headers };
  answer(new Response(isEmpty ? null : (body as ConstructorParameters<typeof Response>[0]), init));
  const response = await coming;
  for (const name of headers.keys()) if (name.startsWith("x-watermark-")) reply.removeHeader(name);
  for (const [name, value] of response.headers) {
    if (name.startsWith("x-watermark-")) reply.header(name, value);
  }
  if (isEmpty || response.body === null) return payload;
  return isStream
    ? Readable.fromWeb(response.body as NodeReadableStream)
    : Buffer.from(await response.arrayBuffer());
}

function headersOf(
  from: Readonly<Record<string, string | number | string[] | undefined>>,
): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(from)) {
    for (const one of [value ?? []].flat()) headers.append(name, String(one));
  }
  return headers;
}

/** The body as Fastify's parser left it. @throws TypeError for one that was not parsed */
function bodyOf({ body }: FastifyRequest): string | Buffer {
  if (typeof body === "string" || body instanceof Buffer) return body;
  if (body instanceof Readable) {
    throw new TypeError(
      "fastifyWatermark: expected a parsed body, got a stream (@fastify/http-proxy: set proxyPayloads to false)",
    );
  }
  return JSON.stringify(body) ?? "";
}
