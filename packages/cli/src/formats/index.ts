/** The forms of a result. A new one is its file and a line here. */
import { csv } from "./csv.js";
import type { Format } from "./format.js";
import { json } from "./json.js";
import { jsonl } from "./jsonl.js";
import { junit } from "./junit.js";
import { markdown } from "./markdown.js";
import { sarif } from "./sarif.js";
import { text } from "./text.js";

export const formats = {
  text,
  json,
  jsonl,
  csv,
  md: markdown,
  junit,
  sarif,
} as const satisfies Readonly<Record<string, Format>>;

/** Name of a format. */
export type FormatName = keyof typeof formats;
