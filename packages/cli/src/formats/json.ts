/** Results as one JSON document. */
import {
  type PeerJson,
  type ProblemJson,
  type ScoreJson,
  type VerdictJson,
  pooledJson,
  verdictJson,
} from "@verdigris/detector/json";
import type { ReadProblem } from "@verdigris/text";
import type { ScoreResult, Scored } from "../scoring.js";
import type { Setting } from "./format.js";
import { each, jsonPieces } from "./json-pieces.js";

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
    ...pooledJson(result.pooled, setting),
    problems: each(problems, problemJson),
    ...(peers.length === 0 ? {} : { peers: each(peers, (peer) => peer) }),
    files: verdicts(files),
    ...(documents.length === 0 ? {} : { documents: verdicts(documents) }),
  };
  yield* jsonPieces(all);
  yield "\n";
}

/** A record that could not be used. */
export function problemJson({ path, line, message }: ReadProblem): ProblemJson {
  return { path, ...(line === undefined ? {} : { line }), message };
}
