import { type Line, MAX_LINE_LENGTH, linesOf } from "../lines.js";
import { type RecordProblem, type TextRecord, documentsOf, kindOf, recordOf } from "../records.js";
import { type Document, type Format, type ReadProblem, type Source, emptyFile } from "./format.js";

/** One JSON object a line. */
export const jsonl: Format = { extensions: [".jsonl", ".ndjson"], read };

async function* read(
  { name, text }: Source,
  field: string,
): AsyncGenerator<Document | ReadProblem> {
  let n = 0;
  for await (const line of linesOf(text())) {
    if (line.kind === "line" && line.text.trim() === "") continue;
    n++;
    yield* documentsOf(parseLine(line, field), { path: name, line: line.number });
  }
  if (n === 0) throw emptyFile(name);
}

function parseLine(line: Line, field: string): TextRecord | RecordProblem {
  if (line.kind === "too-long") return problem(`longer than ${MAX_LINE_LENGTH} characters`);
  let value: unknown;
  try {
    // A byte order mark is legal before the first record, but not JSON.
    value = JSON.parse(line.text.charCodeAt(0) === 0xfeff ? line.text.slice(1) : line.text);
  } catch (error) {
    return problem(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return problem(`expected a JSON object, got ${kindOf(value)}`);
  }
  return recordOf(value as Readonly<Record<string, unknown>>, field);
}

function problem(message: string): RecordProblem {
  return { kind: "problem", message };
}
