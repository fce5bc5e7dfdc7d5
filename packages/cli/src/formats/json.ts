/** Results as one JSON document. */
import { NULL_HYPOTHESIS, WHAT_A_REJECTION_SAYS } from "@verdigris/detector";
import type { ScoreResult, Scored } from "../scoring.js";
import type { Setting } from "./format.js";
import type { PooledJson, ScoreJson, VerdictJson } from "./schema.js";

/** The pooled verdict on top, the others below it. */
export function* json(result: ScoreResult, setting: Setting): Generator<string> {
  const { files, documents } = result;
  const all: ScoreJson = {
    ...pooledJson(result, setting),
    files: files.map((scored) => verdictJson(scored, setting)),
    ...(documents.length === 0
      ? {}
      : { documents: documents.map((scored) => verdictJson(scored, setting)) }),
  };
  yield `${JSON.stringify(all, null, 2)}\n`;
}

/** The verdict on everything, and what it must not be printed without. */
export function pooledJson({ pooled, problems, peers }: ScoreResult, setting: Setting): PooledJson {
  return {
    ...headingJson(setting),
    ...verdictJson(pooled, setting),
    warnings: [...setting.warnings, ...pooled.verdict.warnings],
    problems: problems.map(({ path, line, message }) => ({
      path,
      ...(line === undefined ? {} : { line }),
      message,
    })),
    ...(peers.length === 0 ? {} : { peers: [...peers] }),
    nullHypothesis: NULL_HYPOTHESIS,
    notice: WHAT_A_REJECTION_SAYS,
  };
}

/** What says whose verdict it is, and in which version of the schema. */
export function headingJson({ profile, keyId }: Setting): {
  version: 1;
  profile: string;
  keyId: string;
} {
  return { version: 1, profile, keyId };
}

/** One verdict. Green lists have `greenRate`, other marks `meanScore`; null where nothing was scored. */
export function verdictJson(
  { name, kind, verdict, log10PAdjusted, findings }: Scored,
  setting: Setting,
): VerdictJson {
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
