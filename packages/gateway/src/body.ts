/** Bodies of requests, of a bounded length. */
import type * as z from "zod";
import { RequestError, invalidRequest } from "./errors.js";

/** Reads a body of at most `limit` bytes, whatever length was announced. @throws RequestError 413 */
export async function readBytes(
  { body }: Request,
  limit: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader = (body ?? new Blob([]).stream()).getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    const piece = step.value as Uint8Array;
    pieces.push(piece);
    length += piece.length;
    if (length <= limit) continue;
    void reader.cancel();
    const message = `body: expected at most ${limit} bytes`;
    throw new RequestError({
      status: 413,
      message,
      type: "invalid_request_error",
      code: "request_too_large",
    });
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** Parses JSON in UTF-8. @throws RequestError 400, which never quotes the body */
export function parseJson(bytes: ArrayBuffer | Uint8Array<ArrayBuffer>): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
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
