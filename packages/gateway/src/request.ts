/** The arguments of a fetch, as a request for an answer. */
import { bytesOf, parseJson } from "./body.js";
import { invalidRequest } from "./errors.js";
import { type JsonObject, isObject } from "./json.js";
import type { Endpoint } from "./marks/mark.js";

/** Arguments of `fetch`. */
export interface FetchCall {
  readonly input: string | URL | Request;
  readonly init: RequestInit | undefined;
}

/** A request for an answer, read; the caller's body is used up. */
export interface AnswerRequest {
  readonly endpoint: Endpoint;
  readonly url: URL;
  /** A copy of the caller's. */
  readonly headers: Headers;
  readonly body: JsonObject;
}

/** Paths that make an upstream write, decoded, in any case and with any number of slashes. */
const ENDPOINTS: readonly (readonly [RegExp, Endpoint])[] = [
  [/(?:^|\/)chat\/+completions\/*$/i, "chat"],
  [/(?:^|\/)completions\/*$/i, "completions"],
  [/(?:^|\/)responses\/*$/i, "responses"],
  [/(?:^|\/)generate(?:_stream)?\/*$|^\/*$/i, "generate"],
];

/** Reads a call; null if it does not ask for an answer and is none of our business. @throws RequestError for a body we cannot read */
export async function readRequest({ input, init }: FetchCall): Promise<AnswerRequest | null> {
  const request = isRequest(input) ? input : null;
  const url = urlOf(input);
  const method = init?.method ?? request?.method ?? "GET";
  const endpoint = endpointOf(url);
  if (endpoint === null || method.toUpperCase() !== "POST") return null;
  const headers = new Headers(init?.headers ?? request?.headers);
  const given = init?.body ?? null;
  const bytes = await (given === null && request !== null
    ? request.arrayBuffer()
    : bytesOf(given ?? ""));
  return { endpoint, url, headers, body: parsed(bytes, headers) };
}

/** Where a `fetch` goes; a URL is taken as it is. @throws TypeError for what is none */
export function urlOf(input: FetchCall["input"]): URL {
  if (typeof input === "string") return new URL(input);
  return isRequest(input) ? new URL(input.url) : input;
}

/** Whether a `fetch` is given a request, of whichever class. */
export function isRequest(input: FetchCall["input"]): input is Request {
  return typeof input === "object" && "url" in input;
}

/** The call with another body, and without the client's claims about marks: they are gone from `headers` then. */
export function withBody(
  { input, init }: FetchCall,
  headers: Headers,
  body: JsonObject,
): FetchCall {
  unlabel(headers);
  headers.delete("content-length");
  headers.set("content-type", "application/json");
  const changed = { ...init, method: "POST", headers, body: JSON.stringify(body) };
  if (!isRequest(input)) return { input, init: changed };
  return { input: new Request(input, changed), init: undefined };
}

/** Takes away what is said there about marks. */
export function unlabel(headers: Headers): void {
  const names = [...headers.keys()].filter((name) => name.startsWith("x-watermark-"));
  for (const name of names) headers.delete(name);
}

/** What a path asks to be written; null if nothing. */
export function endpointOf({ pathname }: URL): Endpoint | null {
  let path = pathname;
  try {
    path = decodeURIComponent(pathname);
  } catch {
    // Not decodable for the upstream either.
  }
  return ENDPOINTS.find(([pattern]) => pattern.test(path))?.[1] ?? null;
}

/**
 * Strict, because a body that we cannot read and the upstream can would carry switches past us: Python's reader takes NaN,
 * UTF-16 and compressed bodies.
 */
function parsed(bytes: ArrayBuffer | Uint8Array, headers: Headers): JsonObject {
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity") {
    throw invalidRequest("content-encoding: a request body must not be compressed", "encoding");
  }
  const body = parseJson(bytes);
  if (!isObject(body)) throw invalidRequest("body: expected a JSON object", "invalid_json");
  return body;
}
