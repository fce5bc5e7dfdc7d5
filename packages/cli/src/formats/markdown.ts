/** Results as GitHub-flavoured Markdown. */
import { NULL_HYPOTHESIS, WHAT_A_REJECTION_SAYS } from "@verdigris/detector";
import type { ScoreResult, Scored } from "../scoring.js";
import type { Listed } from "../spool.js";
import type { Setting } from "./format.js";
import { figures, inWords, plural } from "./words.js";

export function* markdown(result: ScoreResult, setting: Setting): Generator<string> {
  const { pooled, files, documents, problems } = result;
  const warnings = [...setting.warnings, ...pooled.verdict.warnings];
  const broken =
    problems.length === 0 ? [] : [`${plural(problems.length, "record")} could not be used`];
  yield `**${escaped(inWords(pooled, setting))}**\n\n`;
  yield rows([["", ""], ["---", "---"], ...figures(pooled, setting)]);
  for (const warning of [...warnings, ...broken]) yield `\n> **Warning:** ${escaped(warning)}\n`;
  yield* table("file", files.length > 1 ? files : []);
  yield* table("document", documents);
  yield `\nNull hypothesis: ${escaped(NULL_HYPOTHESIS)}\n\n${escaped(WHAT_A_REJECTION_SAYS)}\n`;
}

function* table(what: string, tests: Listed<Scored>): Generator<string> {
  if (tests.length === 0) return;
  yield `\nEach ${what}; log10 p is corrected by Holm's method for ${plural(tests.length, what)}.\n\n`;
  yield rows([
    [what, "verdict", "log10 p", "scored positions"],
    ["---", "---", "---:", "---:"],
  ]);
  for (const { name, kind, verdict, log10PAdjusted } of tests) {
    yield rows([[name, kind, log10PAdjusted.toFixed(2), String(verdict.count.n)]]);
  }
}

/** Rows of a table; the second of a table is made of `---` and `---:`. */
export function rows(all: readonly (readonly string[])[]): string {
  const cell = (text: string): string => (/^-+:?$/.test(text) ? text : escaped(text));
  return all.map((cells) => `| ${cells.map(cell).join(" | ")} |\n`).join("");
}

/** Keeps a string from being read as markup, and on one line. */
export function escaped(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[\\`*_[\]<>|~#&@]/g, "\\$&");
}
