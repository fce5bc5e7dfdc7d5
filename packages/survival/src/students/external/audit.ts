import {
  type Key,
  type Profile,
  type Random,
  type Tokens,
  bindScheme,
  createKernel,
  moments,
} from "@verdigris/core";
import {
  type DecoyTest,
  type Evidence,
  type Interval,
  type OpenEvidence,
  type Prediction,
  clopperPearson,
  closedDecoys,
  closedTest,
  openTest,
} from "@verdigris/detector";
import type { ExternalStudent } from "./external-student.js";

/** What an external student's answers show. */
export interface ExternalAudit {
  readonly student: string;
  /** One drawn token per context. */
  readonly closed: {
    readonly evidence: Evidence;
    /** 95 % interval of the effect. */
    readonly interval: Interval;
    readonly decoys: DecoyTest;
  };
  /** Null where the student shows no probabilities. */
  readonly open: OpenEvidence | null;
}

/** How to audit. */
export interface ExternalAuditOptions {
  readonly profile: Profile;
  readonly key: Key;
  readonly contexts: readonly Tokens[];
  readonly random: Random;
  readonly decoys: number;
}

/**
 * Audits an external student closed, and open if it shows probabilities. H0: its answers do not depend on the key, given
 * the contexts, which must have been chosen without it.
 */
export async function auditExternal(
  student: ExternalStudent,
  options: ExternalAuditOptions,
): Promise<ExternalAudit> {
  const { profile, key, contexts, random } = options;
  const kernel = createKernel();
  const scheme = bindScheme(profile, key, kernel);
  const draws = await student.draws(contexts, random);
  const evidence = closedTest(scheme, draws);
  const predictions = await student.predict(contexts);
  return {
    student: student.kind,
    closed: {
      evidence,
      interval: intervalOf(evidence, moments(scheme.law), scheme.law.kind === "bernoulli"),
      decoys: closedDecoys(profile, draws, { keys: options.decoys, statistic: evidence, kernel }),
    },
    open: predictions === null ? null : openTest(scheme, distinct(predictions, scheme.h)),
  };
}

/** The first prediction of each window: the open test wants every window once. */
function distinct(predictions: readonly Prediction[], h: number): readonly Prediction[] {
  const seen = new Set<string>();
  return predictions.filter(({ context }) => {
    const window = context.subarray(context.length - h).join(" ");
    const fresh = context.length >= h && !seen.has(window);
    seen.add(window);
    return fresh;
  });
}

function intervalOf(
  { n, sum, effect }: Evidence,
  { mean, variance }: { readonly mean: number; readonly variance: number },
  isCoin: boolean,
): Interval {
  if (isCoin) {
    const { lower, upper } = clopperPearson(sum, n, 0.95);
    return { lower: lower - mean, upper: upper - mean };
  }
  const reach = 1.96 * Math.sqrt(variance / Math.max(1, n));
  return { lower: effect - reach, upper: effect + reach };
}
