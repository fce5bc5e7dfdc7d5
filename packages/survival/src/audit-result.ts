import { type Scheme, moments } from "@verdigris/core";
import { type Evidence, type OpenEvidence, clopperPearson } from "@verdigris/detector";
import type { Audit } from "./report.js";

/** The audit of a closed test: the standard error is the law's own, the interval exact where the score is a coin. */
export function closedAuditOf(scheme: Scheme, evidence: Evidence, expected: number): Audit {
  const { mean, variance } = moments(scheme.law);
  const standardError = Math.sqrt(variance / Math.max(1, evidence.n));
  const audit = withForecast(evidence, { standardError, expected });
  if (scheme.law.kind !== "bernoulli") return audit;
  const { lower, upper } = clopperPearson(evidence.sum, evidence.n, 0.95);
  return { ...audit, interval: { lower: lower - mean, upper: upper - mean } };
}

function withForecast<E extends Evidence>(
  evidence: E,
  { standardError, expected }: { readonly standardError: number; readonly expected: number },
): Audit<E> {
  const { effect } = evidence;
  return {
    evidence,
    standardError,
    interval: { lower: effect - 1.96 * standardError, upper: effect + 1.96 * standardError },
    withinForecast: Math.abs(effect - expected) <= 3 * standardError + 0.1 * expected,
  };
}

/** The audit of an open test: the standard error is the empirical one of its z. */
export function openAuditOf(evidence: OpenEvidence, expected: number): Audit<OpenEvidence> {
  const standardError = evidence.zScore === 0 ? 0 : Math.abs(evidence.effect / evidence.zScore);
  return withForecast(evidence, { standardError, expected });
}
