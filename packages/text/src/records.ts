/** Records of tables and lines: a text, and what was recorded with it. */
import type { Document, ReadProblem } from "./formats/format.js";
import { partsOf } from "./parts.js";

/** A record that can be used. */
export interface TextRecord {
  readonly kind: "record";
  readonly id?: string;
  readonly text: string;
  readonly tokens?: Uint32Array;
  readonly prompt?: string;
  readonly promptTokens?: Uint32Array;
}

/** Why a record cannot be used. */
export interface RecordProblem {
  readonly kind: "problem";
  readonly message: string;
}

const MAX_ID = 0xffff_ffff;

const LISTS: readonly string[] = ["tokens", "promptTokens"];

/** Fields that are used besides the text. */
export const FIELDS: readonly string[] = ["id", "prompt", ...LISTS];

/** Whether a field holds token ids. */
export function isListField(name: string): boolean {
  return LISTS.includes(name);
}

function isIds(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.every((id) => Number.isInteger(id) && (id as number) >= 0 && (id as number) <= MAX_ID)
  );
}

/** What a value is, in words. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}

type Fields = Readonly<Record<string, unknown>>;

function textProblem(fields: Fields, field: string): string | undefined {
  const text = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (text === undefined) {
    const names = Object.keys(fields).slice(0, 8).join(", ");
    return `no field "${field}"; the record has ${names === "" ? "none" : names}`;
  }
  if (typeof text !== "string") return `field "${field}" must be a string, got ${kindOf(text)}`;
  return text.trim() === "" ? `field "${field}" is blank` : undefined;
}

function optionalProblem(fields: Fields): string | undefined {
  for (const name of LISTS) {
    const ids = fields[name];
    if (!isAbsent(ids) && !isIds(ids)) {
      return `field "${name}" must be an array of token ids in 0 … ${MAX_ID}`;
    }
  }
  const { prompt } = fields;
  return isAbsent(prompt) || typeof prompt === "string"
    ? undefined
    : `field "prompt" must be a string, got ${kindOf(prompt)}`;
}

function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

/** A record with the text in `field`; other fields used: id, tokens, prompt, promptTokens. */
export function recordOf(fields: Fields, field: string): TextRecord | RecordProblem {
  const message = textProblem(fields, field) ?? optionalProblem(fields);
  if (message !== undefined) return { kind: "problem", message };
  const { id, tokens, prompt, promptTokens } = fields;
  return {
    kind: "record",
    text: fields[field] as string,
    ...((typeof id === "string" && id !== "") || typeof id === "number" ? { id: String(id) } : {}),
    ...(isIds(tokens) ? { tokens: Uint32Array.from(tokens) } : {}),
    ...(typeof prompt === "string" ? { prompt } : {}),
    ...(isIds(promptTokens) ? { promptTokens: Uint32Array.from(promptTokens) } : {}),
  };
}

/** The record at a place of a file as a document, in parts if its text is long and its tokens are not recorded. */
export function* documentsOf(
  record: TextRecord | RecordProblem,
  place: { readonly path: string; readonly line: number },
): Generator<Document | ReadProblem> {
  if (record.kind === "problem") {
    yield { ...record, ...place };
    return;
  }
  const { id = `${place.path}:${place.line}`, text, ...rest } = record;
  const parts = rest.tokens === undefined ? partsOf(text) : [{ text, part: 0, last: true }];
  for (const part of parts) yield { ...rest, id, ...part, kind: "document" };
}
