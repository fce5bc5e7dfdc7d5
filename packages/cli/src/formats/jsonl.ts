/** Results as JSON lines: documents, files, and the pooled verdict last. */
import { type LineJson, headingJson, pooledJson, verdictJson } from "@verdigris/detector/json";
import type { ScoreResult, Scored } from "../scoring.js";
import type { Setting } from "./format.js";
import { problemJson } from "./json.js";

export function* jsonl(result: ScoreResult, setting: Setting): Generator<string> {
  const tested = (scope: "document" | "file", scored: Scored): string =>
    line({ scope, ...headingJson(setting), ...verdictJson(scored, setting) });
  for (const scored of result.documents) yield tested("document", scored);
  for (const scored of result.files) yield tested("file", scored);
  yield line({
    scope: "pooled",
    ...pooledJson(result.pooled, setting),
    problems: result.problems.map(problemJson),
    ...(result.peers.length === 0 ? {} : { peers: [...result.peers] }),
  });
}

function line(value: LineJson): string {
  return `${JSON.stringify(value)}\n`;
}
