import { VerdigrisError } from "@verdigris/core";
import type { AsyncBuffer, FileMetaData } from "hyparquet";

import { asFileError } from "../file-errors.js";
import { FIELDS, documentsOf, recordOf } from "../records.js";
import {
  type Document,
  type Format,
  type ReadProblem,
  type Source,
  emptyFile,
  noColumn,
} from "./format.js";

/** Apache Parquet; only the columns that are used are read, a block of rows at a time. */
export const parquet: Format = { extensions: [".parquet"], read };

/** Uncompressed bytes of a block of rows. */
const BLOCK = 1 << 25;

async function* read(
  { name, path }: Source,
  field: string,
): AsyncGenerator<Document | ReadProblem> {
  if (path === null) {
    throw new VerdigrisError(
      "FILE_UNREADABLE",
      `${name} cannot be read: a Parquet file ends with its index; give the file's name`,
    );
  }
  try {
    const { asyncBufferFromFile, parquetMetadataAsync } = await import("hyparquet");
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file).catch(notParquet(name));
    if (metadata.num_rows === 0n) throw emptyFile(name);
    yield* readRows({ file, metadata, name }, field);
  } catch (error) {
    throw asFileError(error, name);
  }
}

interface Opened {
  readonly file: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly name: string;
}

async function* readRows(
  { file, metadata, name }: Opened,
  field: string,
): AsyncGenerator<Document | ReadProblem> {
  const { parquetReadObjects, parquetSchema } = await import("hyparquet");
  const { compressors } = await import("hyparquet-compressors");
  const names = parquetSchema(metadata).children.map(({ element }) => element.name);
  if (!names.includes(field)) throw noColumn(name, field, names);
  const columns = names.filter((column) => column === field || FIELDS.includes(column));
  for (const { rowStart, rowEnd } of blocksOf(metadata)) {
    const asked = { file, metadata, columns, compressors, rowStart, rowEnd, useOffsetIndex: true };
    const rows = await parquetReadObjects(asked).catch(notParquet(name));
    for (const [i, row] of rows.entries()) {
      yield* documentsOf(recordOf(plain(row), field), { path: name, line: rowStart + i + 1 });
    }
  }
}

/** Row groups, cut where they are large. */
function* blocksOf(
  metadata: FileMetaData,
): Generator<{ readonly rowStart: number; readonly rowEnd: number }> {
  let first = 0;
  for (const { num_rows: count, total_byte_size: size } of metadata.row_groups) {
    const end = first + Number(count);
    const step = Math.max(1, Math.floor((Number(count) * BLOCK) / Math.max(BLOCK, Number(size))));
    for (let rowStart = first; rowStart < end; rowStart += step)
      yield { rowStart, rowEnd: Math.min(end, rowStart + step) };
    first = end;
  }
}

/** 64-bit integers as numbers, lists as arrays. */
function plain(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const value = (cell: unknown): unknown => {
    if (typeof cell === "bigint") return Number(cell);
    if (Array.isArray(cell)) return cell.map(value);
    return ArrayBuffer.isView(cell) ? Array.from(cell as Uint32Array, value) : cell;
  };
  return Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, value(cell)]));
}

function notParquet(name: string): (cause: unknown) => never {
  return (cause) => {
    if ((cause as NodeJS.ErrnoException).syscall !== undefined) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new VerdigrisError("FILE_INVALID", `${name} is not a whole Parquet file: ${reason}`, {
      cause,
    });
  };
}
