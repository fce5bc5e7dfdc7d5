/** One line of a JSONL file. */

/** A record that can be used. */
export interface JsonRecord {
  readonly kind: "record";
  readonly id?: string;
  readonly text: string;
  readonly tokens?: Uint32Array;
  readonly prompt?: string;
  readonly promptTokens?: Uint32Array;
}

/** Why a line cannot be used. */
export interface RecordProblem {
  readonly kind: "problem";
  readonly message: string;
}

const MAX_ID = 0xffff_ffff;

function isIds(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.every((id) => Number.isInteger(id) && (id as number) >= 0 && (id as number) <= MAX_ID)
  );
}

function problem(message: string): RecordProblem {
  return { kind: "problem", message };
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}

type Fields = Readonly<Record<string, unknown>>;

function parseObject(line: string): { readonly fields: Fields } | RecordProblem {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return problem(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return problem(`expected a JSON object, got ${kindOf(value)}`);
  }
  return { fields: value as Fields };
}

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
  for (const name of ["tokens", "promptTokens"]) {
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

/** Reads `line`, with the text in `field`; other fields used: id, tokens, prompt, promptTokens. */
export function parseRecord(line: string, field: string): JsonRecord | RecordProblem {
  const parsed = parseObject(line);
  if ("kind" in parsed) return parsed;
  const { fields } = parsed;
  const message = textProblem(fields, field) ?? optionalProblem(fields);
  if (message !== undefined) return problem(message);
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
