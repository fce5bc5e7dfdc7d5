/**
 * Results as SARIF 2.1.0. A detection is a finding (kind `fail`, level `warning`); "not detected" is `open`, for it never
 * means unmarked; too short is `notApplicable`; a record that could not be used is a notification of the tool.
 */
import { verdictJson } from "@verdigris/detector/json";
import { pathToFileURL } from "node:url";
import { NULL_HYPOTHESIS, WHAT_A_REJECTION_SAYS } from "@verdigris/detector";
import type { ReadProblem } from "@verdigris/text";
import type { ScoreResult, Scored } from "../scoring.js";
import type { Setting } from "./format.js";
import { each, jsonPieces } from "./json-pieces.js";
import { inWords } from "./words.js";

const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";
const RULE = "text-carries-mark";

/** A node of the log; the tests hold the whole against the published schema. */
type Node = Readonly<Record<string, unknown>>;

const KINDS = { detected: "fail", "not-detected": "open", "too-short": "notApplicable" } as const;

export function* sarif(result: ScoreResult, setting: Setting): Generator<string> {
  const { pooled, files, documents, problems } = result;
  const log: Node = {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: { driver: driver(setting) },
        columnKind: "utf16CodeUnits",
        invocations: [
          {
            executionSuccessful: problems.length === 0,
            toolExecutionNotifications: notifications(problems, setting),
          },
        ],
        results: results({ files, documents, pooled }, setting),
        properties: { profile: setting.profile, keyId: setting.keyId },
      },
    ],
  };
  yield* jsonPieces(log);
  yield "\n";
}

function* results(
  { files, documents, pooled }: Pick<ScoreResult, "files" | "documents" | "pooled">,
  setting: Setting,
): Generator<Node> {
  for (const scored of documents) yield finding(scored, "document", setting);
  for (const scored of files) yield finding(scored, "file", setting);
  if (files.length > 1) yield finding(pooled, "pooled", setting);
}

function* notifications(problems: Iterable<ReadProblem>, { warnings }: Setting): Generator<Node> {
  yield* each(problems, notification);
  yield* each(warnings, warning);
}

function driver({ program }: Setting): Node {
  return {
    name: "verdigris",
    version: program,
    semanticVersion: program,
    rules: [
      {
        id: RULE,
        name: "TextCarriesMark",
        shortDescription: { text: "The text carries the mark of the key." },
        fullDescription: { text: `Null hypothesis: ${NULL_HYPOTHESIS} ${WHAT_A_REJECTION_SAYS}` },
        help: { text: WHAT_A_REJECTION_SAYS },
        defaultConfiguration: { level: "warning" },
      },
    ],
  };
}

function finding(scored: Scored, scope: "document" | "file" | "pooled", setting: Setting): Node {
  const kind = KINDS[scored.kind];
  const place: Node =
    scope === "file"
      ? { physicalLocation: { artifactLocation: { uri: uriOf(scored.name) } } }
      : { logicalLocations: [{ name: scored.name, kind: scope }] };
  return {
    ruleId: RULE,
    ruleIndex: 0,
    kind,
    level: kind === "fail" ? "warning" : "none",
    message: { text: `${inWords(scored, setting)} ${WHAT_A_REJECTION_SAYS}` },
    locations: [place],
    properties: { scope, ...verdictJson(scored, setting) },
  };
}

function notification({ path, line, message }: ReadProblem): Node {
  const region = line === undefined ? {} : { region: { startLine: line } };
  return {
    level: "error",
    message: { text: message },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(path) }, ...region } }],
  };
}

function warning(text: string): Node {
  return { level: "warning", message: { text } };
}

/** A path as a URI; a relative one stays relative to where the command ran. */
function uriOf(path: string): string {
  if (/^(?:\/|[A-Za-z]:)/.test(path)) return pathToFileURL(path).href;
  return path.split(/[\\/]/).map(encodeURIComponent).join("/");
}
