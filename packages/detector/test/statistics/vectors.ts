import { readFileSync } from "node:fs";

/** Rows of a golden file, one case each; the columns are named in the file. */
export type Rows = readonly (readonly number[])[];

/** Reads one table of a file in fixtures/vectors/. */
export function readTable(file: string, table: string): Rows {
  const url = new URL(`../../../../fixtures/vectors/${file}`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8"))[table];
}

/** Largest relative errors of a tail over a table. */
export interface WorstErrors {
  cases: number;
  /** Of log10 p. */
  log10P: number;
  /** Of log10 p, over the cases below 1e-300. */
  log10PBeyond: number;
  /** Of p itself, over the cases above 1e-300. */
  p: number;
}

/** Compares log10 tails with the expected value in column `at` of every row. */
export function worstErrors(
  rows: Rows,
  at: number,
  tail: (row: readonly number[]) => number,
): WorstErrors {
  const worst = { cases: rows.length, log10P: 0, log10PBeyond: 0, p: 0 };
  for (const row of rows) {
    const expected = row[at]!;
    const error = Math.abs(tail(row) - expected);
    const relative = error === 0 ? 0 : error / Math.abs(expected);
    const errorOfP = Math.expm1(error * Math.LN10);
    // Math.max hands a NaN on, and no NaN is below a tolerance.
    worst.log10P = Math.max(worst.log10P, relative);
    if (expected > -300) worst.p = Math.max(worst.p, errorOfP);
    else worst.log10PBeyond = Math.max(worst.log10PBeyond, relative);
  }
  return worst;
}
