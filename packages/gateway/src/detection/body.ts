/** The body of a detection request. */
import * as z from "zod";
import { RequestError, invalidRequest } from "../errors.js";

const tokenIds = z.array(z.int().min(0).max(0xffff_ffff)).min(1);

/** What a client sends. */
export const detectSchema = z
  .strictObject({
    text: z.string().min(1).optional().describe("The text to test; or `tokens`."),
    tokens: tokenIds.optional().describe("Its token ids, where they are known: better evidence."),
    prompt: z.string().optional().describe("What its writer was shown, if it is known."),
    promptTokens: tokenIds.optional().describe("The same as token ids."),
    profiles: z
      .array(z.string())
      .min(1)
      .max(100)
      .optional()
      .describe("Ids of the profiles to test for. Default: all."),
    alpha: z
      .number()
      .gt(0)
      .lt(1)
      .default(1e-3)
      .describe("Chance of a false alarm over all profiles tested."),
  })
  .refine(({ text, tokens }) => (text === undefined) !== (tokens === undefined), {
    message: "expected text or tokens, and not both",
    path: ["text"],
  });

export type DetectBody = z.infer<typeof detectSchema>;

/** Reads a body of at most `limit` bytes. @throws RequestError 400 or 413, which never quotes the body */
export async function readBody(request: Request, limit: number): Promise<DetectBody> {
  let value: unknown;
  const bytes = await readBytes(request, limit);
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw invalidRequest("body: expected JSON in UTF-8", "invalid_json");
  }
  const result = detectSchema.safeParse(value);
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  const param = path.map(String).join(".");
  throw invalidRequest(`${param === "" ? "body" : param}: ${message}`, "invalid_value", param);
}

/** Stops reading at the limit, whatever the length that was announced. */
async function readBytes({ body }: Request, limit: number): Promise<Uint8Array> {
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
