/** Bodies of requests, of a bounded length. */
import type * as z from "zod";
import { RequestError, invalidRequest } from "./errors.js";

/** Reads a body of at most `limit` bytes, whatever length was announced. @throws RequestError 413 */
export async function readBytes(request: Request, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  // At once where it is known to be short: servers can do without a stream then.
  if (!isAnnounced(request.headers, limit)) return readPieces(request, limit);
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (bytes.length > limit) throw tooLarge(limit);
  return bytes;
}

/** Whether a body must have at most `limit` bytes to be one. */
function isAnnounced(headers: Headers, limit: number): boolean {
  const length = headers.get("content-length") ?? "";
  return /^\d+$/.test(length) && Number(length) <= limit && !headers.has("transfer-encoding");
}

async function readPieces({ body }: Request, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const reader = (body ?? new Blob([]).stream()).getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    const piece = step.value as Uint8Array<ArrayBuffer>;
    pieces.push(piece);
    length += piece.length;
    if (length <= limit) continue;
    void reader.cancel();
    throw tooLarge(limit);
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

function tooLarge(limit: number): RequestError {
  return new RequestError({
    status: 413,
    message: `body: expected at most ${limit} bytes`,
    type: "invalid_request_error",
    code: "request_too_large",
  });
}

/** The bytes of what is sent as a body. */
export async function bytesOf(body: NonNullable<RequestInit["body"]>): Promise<Uint8Array> {
  if (typeof body === "string") return new TextEncoder().encode(body);
  if (body instanceof Uint8Array) return body;
  return new Uint8Array(await new Response(body).arrayBuffer());
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** Parses JSON in UTF-8. @throws RequestError 400, which never quotes the body */
export function parseJson(bytes: ArrayBuffer | Uint8Array): unknown {
  try {
    return JSON.parse(UTF8.decode(bytes));
  } catch {
    throw invalidRequest("body: expected JSON in UTF-8", "invalid_json");
  }
}

/** Checks a parsed body. @throws RequestError 400 naming the first field that is wrong, not what it holds */
export function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  const param = path.map(String).join(".");
  throw invalidRequest(`${param === "" ? "body" : param}: ${message}`, "invalid_value", param);
}
