/** Verdicts as JSON. */
import type { NullLaw } from "@verdigris/core";
import { NULL_HYPOTHESIS, type Verdict, WHAT_A_REJECTION_SAYS } from "../verdict.js";
import type { PooledJson, VerdictJson } from "./schema.js";

/** A verdict, and what it is on. */
export interface Judged {
  /** Path, id of the document, or `all files`. */
  readonly name: string;
  /** After Holm's correction within its family. */
  readonly kind: Verdict["kind"];
  readonly verdict: Verdict;
  /** log10 of Holm's adjusted p; equals the verdict's where there was one test. */
  readonly log10PAdjusted: number;
  /** Characters that normalisation removed or replaced, by kind. */
  readonly findings: ReadonlyMap<string, number>;
}

/** Whose mark was tested. */
export interface JudgedMark {
  readonly profile: string;
  readonly keyId: string;
  readonly law: NullLaw["kind"];
  /** What positions were weighed by, if they were. */
  readonly weights?: string | undefined;
  /** Of the mark itself, whatever the text. */
  readonly warnings: readonly string[];
}

/** The verdict on everything, and what it must not be printed without; its lists come after it. */
export function pooledJson(
  pooled: Judged,
  mark: JudgedMark,
): Omit<PooledJson, "problems" | "peers"> {
  return {
    ...headingJson(mark),
    ...verdictJson(pooled, mark),
    warnings: [...mark.warnings, ...pooled.verdict.warnings],
    nullHypothesis: NULL_HYPOTHESIS,
    notice: WHAT_A_REJECTION_SAYS,
  };
}

/** What says whose verdict it is, and in which version of the schema. */
export function headingJson({ profile, keyId }: Pick<JudgedMark, "profile" | "keyId">): {
  version: 1;
  profile: string;
  keyId: string;
} {
  return { version: 1, profile, keyId };
}

/** One verdict. Green lists have `greenRate`, other marks `meanScore`; null where nothing was scored. */
export function verdictJson(
  { name, kind, verdict, log10PAdjusted, findings }: Judged,
  mark: Pick<JudgedMark, "law" | "weights">,
): VerdictJson {
  const { count, evidence, decoys } = verdict;
  return {
    name,
    verdict: kind,
    alpha: verdict.alpha,
    n: count.n,
    [mark.law === "bernoulli" ? "greenRate" : "meanScore"]:
      count.n === 0 ? null : count.sum / count.n,
    effect: evidence.effect,
    z: evidence.zScore,
    log10P: verdict.log10P,
    log10PAdjusted,
    decoy:
      decoys === null ? null : { keys: decoys.keys, p: decoys.p, vif: decoys.varianceInflation },
    ...(mark.weights !== undefined && "effectiveN" in evidence
      ? { weights: { kind: mark.weights, effectiveN: evidence.effectiveN } }
      : {}),
    tokens: count.tokens,
    unscored: count.unscored,
    ...(verdict.kind === "too-short" ? { smallestN: verdict.smallestN } : {}),
    findings: Object.fromEntries(findings),
    warnings: verdict.warnings,
  };
}
