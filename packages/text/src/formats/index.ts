/** The registry of file formats. */
import { csv } from "./csv.js";
import type { Format } from "./format.js";
import { jsonl } from "./jsonl.js";
import { parquet } from "./parquet.js";
import { text } from "./text.js";

/** How a file holds texts. */
export type TextFormat = "text" | "jsonl" | "csv" | "parquet";

export const formats: Readonly<Record<TextFormat, Format>> = { text, jsonl, csv, parquet };

/** The formats' names. */
export const textFormats = Object.keys(formats) as readonly TextFormat[];

/** The format that a file's name promises; null for an unknown ending. */
export function formatOf(path: string): TextFormat | null {
  const name = path.toLowerCase().replace(/\.(gz|br|zst)$/, "");
  const known = ([, { extensions }]: readonly [string, Format]): boolean =>
    extensions.some((extension) => name.endsWith(extension));
  return (Object.entries(formats).find(known)?.[0] as TextFormat | undefined) ?? null;
}
