import type { NullLaw } from "@verdigris/core";
import type { DecoyTest } from "./decoys.js";
import { type Evidence, evidenceOf, widened } from "./evidence.js";
import type { WeightedEvidence } from "./weights/weighted-test.js";
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
  readonly evidence: Evidence | WeightedEvidence;
  /** The p-value the decision used: the exact tail, widened if the decoys demand it. */
  readonly log10P: number;
  readonly decoys: DecoyTest | null;
  /** `decoys` if the exact tail alone would have rejected and the decoy keys did not let it. */
  readonly decidedBy: "tail" | "decoys";
  readonly warnings: readonly string[];
}

/** The outcome of a test. `detected` is the only rejection of H0. */
export type Verdict =
  | ({ readonly kind: "detected" } & Scored)
  | ({ readonly kind: "not-detected" } & Scored)
  /** Too few coins: not even a fully green text could be detected at α. */
  | ({ readonly kind: "too-short"; readonly smallestN: number } & Scored);

/** How to decide. */
export interface Rule {
  /** In (0, 1). */
  readonly alpha: number;
  readonly decoys: DecoyTest | null;
  /** Whether the decoys saw a sample of the text only: their variance then counts, but not the key's rank. */
  readonly isSampled?: boolean;
  /** What decides in place of the plain sum of scores. */
  readonly test?: SumTest;
}

/** An exact test of some sum of the coins. */
export interface SumTest {
  readonly evidence: Evidence | WeightedEvidence;
  /** log10 p with the excess over the mean divided by √inflation. */
  readonly widened: (inflation: number) => number;
}

/**
 * Decides one test. H0 is rejected if the exact tail, widened by a variance inflation that is certain, is at most α, and the
 * key's rank among the decoys is at most α too, or the best that so few decoys can show. Each of the two is a test of
 * its own, so both together reject no more often than either.
 */
export function decide(law: NullLaw, count: Count, rule: Rule): Verdict {
  const { alpha, decoys } = rule;
  const test = rule.test ?? plainTest(law, count);
  const { evidence } = test;
  const inflation = certainInflation(decoys);
  const log10P = inflation === null ? evidence.log10P : test.widened(inflation);
  const vetoed = rejects(log10P, alpha) && isVetoed(rule);
  const detected = rejects(log10P, alpha) && !vetoed;
  const decidedBy = rejects(evidence.log10P, alpha) && !detected ? "decoys" : "tail";
  const warnings = [
    ...spreadWarnings(decoys, decidedBy === "decoys" && !vetoed),
    ...(vetoed && decoys !== null ? [vetoWarning(decoys)] : []),
  ];
  const scored = { alpha, count, evidence, log10P, decoys, decidedBy, warnings } as const;
  const smallestN = smallestRejecting(law, alpha);
  if (evidence.n < smallestN) return { kind: "too-short", smallestN, ...scored };
  return { kind: detected ? "detected" : "not-detected", ...scored };
}

function plainTest(law: NullLaw, count: Count): SumTest {
  const evidence = evidenceOf(law, count);
  return { evidence, widened: (inflation) => widened(law, evidence, inflation) };
}

/** Decoys with which a rank of p ≤ α is possible. */
export function decoysToArbitrate(alpha: number): number {
  return Math.ceil(1 / alpha - 1e-9) - 1;
}

/** Whether some decoy key looks as marked as the real one, more often than α allows. */
function isVetoed({ alpha, decoys, isSampled = false }: Rule): boolean {
  if (decoys === null || isSampled) return false;
  return decoys.p > Math.max(alpha, 1 / (decoys.keys + 1)) * (1 + 1e-12);
}

/** The variance inflation if its whole interval lies above the usual range, else null. */
export function certainInflation(decoys: DecoyTest | null): number | null {
  if (decoys === null || decoys.varianceInterval[0] <= USUAL_INFLATION.high) return null;
  return decoys.varianceInflation;
}

function spreadWarnings(decoys: DecoyTest | null, decisive: boolean): readonly string[] {
  if (decoys === null) return [];
  const inflation = decoys.varianceInflation.toFixed(2);
  if (decoys.varianceInterval[0] > USUAL_INFLATION.high) {
    return [
      `the variance of z over decoy keys is ${inflation}, above ${USUAL_INFLATION.high}: ` +
        "positions are not independent, so the test was widened by it" +
        (decisive ? "; without that the verdict would be: detected" : ""),
    ];
  }
  if (decoys.varianceInterval[1] >= USUAL_INFLATION.low) return [];
  return [
    `the variance of z over decoy keys is ${inflation}, below ${USUAL_INFLATION.low}: ` +
      "the exact tail is cautious here",
  ];
}

function vetoWarning({ keys, p }: DecoyTest): string {
  const others = Math.round(p * (keys + 1)) - 1;
  return (
    `${others} of ${keys} decoy keys make the text look at least as marked as the real key does (p = ${p.toPrecision(2)}): ` +
    "the decoys overrule the exact tail; without them the verdict would be: detected"
  );
}
