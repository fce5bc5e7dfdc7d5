/** Verdicts as JSON, version 1. */
import type { NullLaw } from "@verdigris/core";
import { NULL_HYPOTHESIS, WHAT_A_REJECTION_SAYS } from "@verdigris/detector";
import type { ScoreResult, Scored } from "./scoring.js";

/** What every verdict of one call shares. */
export interface Setting {
  readonly profile: string;
  readonly keyId: string;
  readonly law: NullLaw["kind"];
  /** Mean score of a coin under H0: gamma for a green list. */
  readonly nullMean: number;
  readonly warnings: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

/** The whole result as one document: the pooled verdict on top, the others below it. */
export function resultJson(result: ScoreResult, setting: Setting): string {
  const { files, documents } = result;
  const all = {
    ...pooledJson(result, setting),
    files: files.map((scored) => verdictJson(scored, setting)),
    ...(documents.length === 0
      ? {}
      : { documents: documents.map((scored) => verdictJson(scored, setting)) }),
  };
  return `${JSON.stringify(all, null, 2)}\n`;
}

/** The same as lines: documents, files, and the pooled verdict last. */
export function* resultJsonLines(result: ScoreResult, setting: Setting): Generator<string> {
  const line = (scope: string, value: Json): string => `${JSON.stringify({ scope, ...value })}\n`;
  const tested = (scored: Scored): Json => ({
    ...heading(setting),
    ...verdictJson(scored, setting),
  });
  for (const scored of result.documents) yield line("document", tested(scored));
  for (const scored of result.files) yield line("file", tested(scored));
  yield line("pooled", pooledJson(result, setting));
}

function pooledJson({ pooled, problems, peers }: ScoreResult, setting: Setting): Json {
  return {
    ...heading(setting),
    ...verdictJson(pooled, setting),
    warnings: [...setting.warnings, ...pooled.verdict.warnings],
    problems,
    ...(peers.length === 0 ? {} : { peers }),
    nullHypothesis: NULL_HYPOTHESIS,
    notice: WHAT_A_REJECTION_SAYS,
  };
}

function heading({ profile, keyId }: Setting): Json {
  return { version: 1, profile, keyId };
}

/** One verdict. Green lists have `greenRate`, other marks `meanScore`; null where nothing was scored. */
function verdictJson(
  { name, kind, verdict, log10PAdjusted, findings }: Scored,
  setting: Setting,
): Json {
  const { count, evidence, decoys } = verdict;
  return {
    name,
    verdict: kind,
    alpha: verdict.alpha,
    n: count.n,
    [setting.law === "bernoulli" ? "greenRate" : "meanScore"]:
      count.n === 0 ? null : count.sum / count.n,
    effect: evidence.effect,
    z: evidence.zScore,
    log10P: verdict.log10P,
    log10PAdjusted,
    decoy:
      decoys === null ? null : { keys: decoys.keys, p: decoys.p, vif: decoys.varianceInflation },
    tokens: count.tokens,
    unscored: count.unscored,
    ...(verdict.kind === "too-short" ? { smallestN: verdict.smallestN } : {}),
    findings: Object.fromEntries(findings),
    warnings: verdict.warnings,
  };
}
