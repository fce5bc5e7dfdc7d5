/** What an engine was asked, as texts and token ids. */
import { type JsonObject, isObject } from "../json.js";
import type { Endpoint } from "../marks/mark.js";

/** A turn or a part of one; or the ids that a client sent instead. */
export type PromptPiece = string | readonly number[];

/** Where each interface has its prompt. */
const FIELDS: Readonly<Record<Endpoint, readonly string[]>> = {
  chat: ["messages"],
  completions: ["prompt"],
  responses: ["instructions", "input"],
  generate: ["inputs", "text", "input_ids"],
};
/** A list of turns, a turn, its parts, a part, its text. */
const DEEPEST = 5;

/** The pieces of a prompt, in order. What is neither text nor ids, such as a picture, is passed over. */
export function promptOf(endpoint: Endpoint, body: JsonObject): readonly PromptPiece[] {
  return FIELDS[endpoint].flatMap((name) => [...piecesOf(body[name], DEEPEST)]);
}

function* piecesOf(value: unknown, depth: number): Generator<PromptPiece> {
  if (typeof value === "string") yield* value === "" ? [] : [value];
  else if (depth === 0) return;
  else if (isIds(value)) yield value;
  else if (Array.isArray(value)) for (const one of value) yield* piecesOf(one, depth - 1);
  else if (isObject(value)) yield* piecesOf(value.content ?? value.text, depth - 1);
}

function isIds(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every(isId);
}

function isId(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32;
}
