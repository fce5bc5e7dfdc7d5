import type { NullLaw } from "@verdigris/core";
import type { DecoyTest } from "./decoys.js";
import { type Evidence, evidenceOf, widened } from "./evidence.js";
import { rejects, smallestRejecting } from "./statistics/index.js";
import type { Count } from "./tally.js";

/** Printed with every verdict (statistics.md, null hypothesis). */
export const WHAT_A_REJECTION_SAYS =
  "A rejection says that this text, or a model that wrote it, carries the mark of this key. It does not say who " +
  "queried, nor that anyone intended anything: spoofing and leakage through the web remain possible. " +
  '"Not detected" never means "unmarked".';

/** The null hypothesis of every score. */
export const NULL_HYPOTHESIS =
  "The text is independent of the key, given what its writer was shown.";

/** Variance inflation outside this range is reported, and widens the test when it is certain. */
const USUAL_INFLATION = { low: 0.9, high: 1.1 } as const;

interface Scored {
  readonly alpha: number;
  readonly count: Count;
  readonly evidence: Evidence;
  /** The p-value the decision used: the exact tail, widened if the decoys demand it. */
  readonly log10P: number;
  readonly decoys: DecoyTest | null;
  readonly warnings: readonly string[];
}

/** The outcome of a test. `detected` is the only rejection of H0. */
export type Verdict =
  | ({ readonly kind: "detected" } & Scored)
  | ({ readonly kind: "not-detected" } & Scored)
  /** Too few coins: not even a fully green text could be detected at α. */
  | ({ readonly kind: "too-short"; readonly smallestN: number } & Scored);

/** Decides one test. `alpha` in (0, 1). */
export function decide(
  law: NullLaw,
  count: Count,
  options: { readonly alpha: number; readonly decoys: DecoyTest | null },
): Verdict {
  const { alpha, decoys } = options;
  const evidence = evidenceOf(law, count);
  const inflation = certainInflation(decoys);
  const log10P = inflation === null ? evidence.log10P : widened(law, evidence, inflation);
  const warnings = inflation === null ? [] : [inflationWarning(inflation)];
  const scored = { alpha, count, evidence, log10P, decoys, warnings };
  const smallestN = smallestRejecting(law, alpha);
  if (count.n < smallestN) return { kind: "too-short", smallestN, ...scored };
  return { kind: rejects(log10P, alpha) ? "detected" : "not-detected", ...scored };
}

/** The variance inflation if its whole interval lies above the usual range, else null. */
function certainInflation(decoys: DecoyTest | null): number | null {
  if (decoys === null || decoys.varianceInterval[0] <= USUAL_INFLATION.high) return null;
  return decoys.varianceInflation;
}

function inflationWarning(inflation: number): string {
  return (
    `the variance of z over decoy keys is ${inflation.toFixed(2)}, above ${USUAL_INFLATION.high}: ` +
    "positions are not independent, so the test was widened by it"
  );
}
