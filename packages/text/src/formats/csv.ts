import { Readable, pipeline } from "node:stream";

import { MAX_LINE_LENGTH } from "../lines.js";
import { documentsOf, isListField, recordOf } from "../records.js";
import {
  type Document,
  type Format,
  type ReadProblem,
  type Source,
  emptyFile,
  noColumn,
} from "./format.js";

/** Comma-separated values as in RFC 4180, with a header; a list is a JSON array or ids with blanks between. */
export const csv: Format = { extensions: [".csv"], read };

type Fields = Readonly<Record<string, string>>;

/** A row, numbered as a spreadsheet does: the header is 1, and empty lines count. */
type Row = { readonly number: number } & (
  | { readonly kind: "cells"; readonly cells: Fields }
  | { readonly kind: "broken"; readonly message: string }
);

async function* read(
  { name, text }: Source,
  field: string,
): AsyncGenerator<Document | ReadProblem> {
  const { parse } = await import("csv-parse");
  // The parser runs ahead: broken rows wait here until those before them have gone out.
  const broken: Row[] = [];
  let n = 1;
  const parser = parse({
    bom: true,
    relax_quotes: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: MAX_LINE_LENGTH,
    columns: (header: readonly string[]) => {
      if (!header.includes(field)) throw noColumn(name, field, header);
      return [...header];
    },
    on_record: (cells: Fields, { empty_lines: empty }): Row => ({
      kind: "cells",
      number: ++n + empty,
      cells,
    }),
    on_skip: (error) => {
      const number = ++n + Number(error?.["empty_lines"] ?? 0);
      broken.push({ kind: "broken", number, message: `not CSV: ${error?.message}` });
    },
  });
  // The consumer sees every error on the last stream, so the callback has nothing to do.
  for await (const next of pipeline(Readable.from(text()), parser, () => {})) {
    const row = next as Row;
    while (broken.length > 0 && broken[0].number < row.number)
      yield* documentsOfRow(broken.splice(0, 1)[0], name, field);
    yield* documentsOfRow(row, name, field);
  }
  for (const row of broken) yield* documentsOfRow(row, name, field);
  if (n === 1) throw emptyFile(name);
}

function documentsOfRow(row: Row, path: string, field: string): Generator<Document | ReadProblem> {
  const record =
    row.kind === "cells"
      ? recordOf(fieldsOf(row.cells, field), field)
      : ({ kind: "problem", message: row.message } as const);
  return documentsOf(record, { path, line: row.number });
}

/** An empty cell is an absent field, but a blank text. */
function fieldsOf(cells: Fields, field: string): Readonly<Record<string, unknown>> {
  const fields = Object.entries(cells).map(([name, cell]) => {
    if (name === field) return [name, cell];
    return [name, cell === "" ? null : isListField(name) ? listOf(cell) : cell];
  });
  return Object.fromEntries(fields) as Readonly<Record<string, unknown>>;
}

/** Numbers of a cell; whatever is no number is left for the record's own check to name. */
function listOf(cell: string): unknown {
  const inside = /^\s*\[(.*)\]\s*$/su.exec(cell)?.[1] ?? cell;
  return inside
    .split(/[\s,]+/u)
    .filter((id) => id !== "")
    .map(Number);
}
