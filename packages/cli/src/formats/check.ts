/** The forms of a check of a run against its budgets. */
import type { Check } from "@verdigris/survival";
import * as z from "zod";
import { escaped, rows } from "./markdown.js";
import { plural } from "./words.js";

/** `survive --check … --format json`. */
export const checkSchema = z
  .object({
    version: z.literal(1).describe("Version of this schema."),
    holds: z.boolean().describe("Whether every check holds."),
    checks: z
      .array(
        z.object({
          kind: z.enum([
            "power",
            "false-alarms",
            "variance-inflation",
            "forecast-error",
            "baseline",
          ]),
          what: z.string().describe("The cell it is about, or all."),
          holds: z.boolean(),
          value: z
            .number()
            .nullable()
            .describe("What was measured: a power, a count, a variance, an excess."),
          interval: z
            .object({ lower: z.number(), upper: z.number() })
            .nullable()
            .describe("95 % interval of the value; null for a count."),
          found: z.string().describe("What was found, and the budget, in words."),
        }),
      )
      .readonly(),
  })
  .meta({ title: "What `verdigris survive --check --format json` prints, version 1" });

type CheckJson = z.infer<typeof checkSchema>;

export const checkFormats = { text, json, md: markdown } as const satisfies Readonly<
  Record<string, (checks: readonly Check[]) => Iterable<string>>
>;

function* text(checks: readonly Check[]): Generator<string> {
  yield `\n${inWords(checks)}\n`;
  for (const { kind, what, holds, found } of failuresFirst(checks)) {
    yield `  ${holds ? "ok  " : "FAIL"}  ${kind.padEnd(19)}${what}: ${found}\n`;
  }
}

function* json(checks: readonly Check[]): Generator<string> {
  const all: CheckJson = { version: 1, holds: checks.every(({ holds }) => holds), checks };
  yield `${JSON.stringify(all, null, 2)}\n`;
}

function* markdown(checks: readonly Check[]): Generator<string> {
  yield `**${escaped(inWords(checks))}**\n\n`;
  yield rows([
    ["", "check", "what", "found"],
    ["---", "---", "---", "---"],
    ...failuresFirst(checks).map(({ kind, what, holds, found }) => [
      holds ? "ok" : "FAIL",
      kind,
      what,
      found,
    ]),
  ]);
}

function failuresFirst(checks: readonly Check[]): readonly Check[] {
  return checks.toSorted((a, b) => Number(a.holds) - Number(b.holds));
}

function inWords(checks: readonly Check[]): string {
  const failed = checks.filter(({ holds }) => !holds).length;
  if (failed === 0) return `Within budgets: ${plural(checks.length, "check")} hold.`;
  return `Outside of budgets: ${failed} of ${plural(checks.length, "check")} failed.`;
}
