/** Results as one JSON document. */
import { NULL_HYPOTHESIS, WHAT_A_REJECTION_SAYS } from "@verdigris/detector";
import type { ReadProblem } from "@verdigris/text";
import type { ScoreResult, Scored } from "../scoring.js";
import type { Setting } from "./format.js";
import { each, jsonPieces } from "./json-pieces.js";
import type { PeerJson, PooledJson, ProblemJson, ScoreJson, VerdictJson } from "./schema.js";

/** A document some of whose lists are not in memory. */
interface Listing extends Omit<ScoreJson, "problems" | "peers" | "files" | "documents"> {
  readonly problems: Iterable<ProblemJson>;
  readonly peers?: Iterable<PeerJson>;
  readonly files: Iterable<VerdictJson>;
  readonly documents?: Iterable<VerdictJson>;
}

/** The pooled verdict on top, the others below it. */
export function* json(result: ScoreResult, setting: Setting): Generator<string> {
  const { files, documents, problems, peers } = result;
  const verdicts = (all: Iterable<Scored>): Iterable<VerdictJson> =>
    each(all, (scored) => verdictJson(scored, setting));
  const all: Listing = {
    ...pooledJson(result, setting),
    problems: each(problems, problemJson),
    ...(peers.length === 0 ? {} : { peers: each(peers, (peer) => peer) }),
    files: verdicts(files),
    ...(documents.length === 0 ? {} : { documents: verdicts(documents) }),
  };
  yield* jsonPieces(all);
  yield "\n";
}

/** The verdict on everything, and what it must not be printed without; its lists come after it. */
export function pooledJson(
  { pooled }: ScoreResult,
  setting: Setting,
): Omit<PooledJson, "problems" | "peers"> {
  return {
    ...headingJson(setting),
    ...verdictJson(pooled, setting),
    warnings: [...setting.warnings, ...pooled.verdict.warnings],
    nullHypothesis: NULL_HYPOTHESIS,
    notice: WHAT_A_REJECTION_SAYS,
  };
}

/** A record that could not be used. */
export function problemJson({ path, line, message }: ReadProblem): ProblemJson {
  return { path, ...(line === undefined ? {} : { line }), message };
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
