/** What tables of a study share: figures with their intervals, and verdicts of controls. */
import { type Evidence, type Interval, rejects } from "@verdigris/detector";
import type { Replicated } from "../lab/report.js";
import { interval } from "../page/format.js";
import type { Column } from "../page/page.js";

/** A mean over keys, in brackets its interval. */
export function replicated(
  { value, interval: own }: Replicated,
  format: (v: number) => string,
): string {
  return own === null ? format(value) : `${format(value)} ${interval(own as Interval, format)}`;
}

/** Suspects of which none or all must be found. */
export type Tested = readonly [
  name: string,
  expected: "none" | "all",
  of: readonly { readonly evidence: Pick<Evidence, "log10P"> }[],
];

/** A row of a table of controls. */
export function testedRow([name, expected, of]: Tested, alpha: number): readonly string[] {
  const found = of.filter(({ evidence }) => rejects(evidence.log10P, alpha)).length;
  const holds = found === (expected === "none" ? 0 : of.length);
  const verdict = `${verdictOf(holds)}: ${found} of ${of.length} found, ${expected} expected`;
  return [name, String(of.length), verdict];
}

/** Whether a control is as it must be. */
export function verdictOf(holds: boolean): string {
  return holds ? "Holds" : "FAILS";
}

/** A column of words. */
export function text(head: string): Column {
  return { head, numeric: false, detail: false };
}
