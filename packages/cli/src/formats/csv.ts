/** Results as CSV (RFC 4180 quoting, lines end in \n): a row per document, file, and the pooled verdict last. */
import { stringify } from "csv-stringify/sync";
import type { ScoreResult, Scored } from "../scoring.js";
import type { Setting } from "./format.js";

const COLUMNS = [
  "scope",
  "name",
  "verdict",
  "alpha",
  "n",
  "tokens",
  "mean",
  "effect",
  "z",
  "log10P",
  "log10PAdjusted",
  "decoyKeys",
  "decoyP",
  "decoyVif",
  "repeated",
  "prompt",
  "keyless",
  "noContext",
  "findings",
  "warnings",
  "profile",
  "keyId",
  "weights",
  "effectiveN",
] as const;

type Row = Readonly<Record<(typeof COLUMNS)[number], string | number | null>>;

export function* csv(result: ScoreResult, setting: Setting): Generator<string> {
  yield csvLine(COLUMNS);
  const row = (scope: string, scored: Scored): string => {
    const cells = rowOf(scope, scored, setting);
    return csvLine(COLUMNS.map((column) => cells[column]));
  };
  for (const scored of result.documents) yield row("document", scored);
  for (const scored of result.files) yield row("file", scored);
  yield row("pooled", result.pooled);
}

function rowOf(scope: string, scored: Scored, setting: Setting): Row {
  const { profile, keyId, warnings, weights = null } = setting;
  const { name, kind, verdict, log10PAdjusted, findings } = scored;
  const { alpha, count, evidence, decoys, log10P } = verdict;
  return {
    weights,
    effectiveN: "effectiveN" in evidence ? evidence.effectiveN : null,
    scope,
    name,
    verdict: kind,
    alpha,
    n: count.n,
    tokens: count.tokens,
    mean: count.n === 0 ? null : count.sum / count.n,
    effect: evidence.effect,
    z: evidence.zScore,
    log10P,
    log10PAdjusted,
    decoyKeys: decoys?.keys ?? null,
    decoyP: decoys?.p ?? null,
    decoyVif: decoys?.varianceInflation ?? null,
    ...count.unscored,
    findings: [...findings].map(([what, times]) => `${what} ${times}`).join("; "),
    warnings: [...(scope === "pooled" ? warnings : []), ...verdict.warnings].join("; "),
    profile,
    keyId,
  };
}

/** One line. A cell of text that a spreadsheet would take for a formula gets an apostrophe in front; numbers stay numbers. */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return stringify([cells], { escape_formulas: true });
}
