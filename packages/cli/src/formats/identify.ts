/** The forms of an identification: which of many marks a text carries. */
import {
  type Candidate,
  type Identified,
  NULL_HYPOTHESIS,
  WHAT_A_REJECTION_SAYS,
} from "@verdigris/detector";
import { csvLine } from "./csv.js";
import { escaped, rows } from "./markdown.js";
import type { IdentifyJson } from "./schema.js";

/** A candidate with the name its key has in the file of keys. */
export interface NamedCandidate extends Candidate {
  readonly name: string;
}

/** What was found, the likeliest first. */
export interface IdentifyResult {
  readonly results: readonly Identified<NamedCandidate>[];
  readonly alpha: number;
  /** Pairs of profile and key, or of profile and text, that do not fit. */
  readonly skipped: number;
}

export const identifyFormats = {
  text,
  json,
  csv,
  md: markdown,
} as const satisfies Readonly<Record<string, (result: IdentifyResult) => Iterable<string>>>;

/** Name of a format. */
export type IdentifyFormat = keyof typeof identifyFormats;

function* text({ results, alpha }: IdentifyResult): Generator<string> {
  const found = results.filter(({ kind }) => kind === "detected").length;
  yield `${inWords(results, alpha)}\n\nlog10 p is corrected for all marks (Holm).\n`;
  for (const result of results.slice(0, Math.max(found, 10))) {
    const { candidate, kind, count, log10PAdjusted } = result;
    const p = `log10 p ${log10PAdjusted.toFixed(2)}`.padEnd(20);
    yield `  ${kind.padEnd(14)}${p}${`n ${count.n}`.padEnd(10)}${candidate.profile.id}, key ${candidate.name}\n`;
  }
  yield `\nNull hypothesis: ${NULL_HYPOTHESIS}\n`;
}

function* json({ results, alpha, skipped }: IdentifyResult): Generator<string> {
  const all: IdentifyJson = {
    version: 1,
    alpha,
    tested: results.length,
    skipped,
    results: results.map(rowOf),
    nullHypothesis: NULL_HYPOTHESIS,
    notice: WHAT_A_REJECTION_SAYS,
  };
  yield `${JSON.stringify(all, null, 2)}\n`;
}

function* csv({ results }: IdentifyResult): Generator<string> {
  const all = results.map(rowOf);
  yield csvLine(COLUMNS);
  for (const row of all) yield csvLine(COLUMNS.map((column) => row[column]));
}

function* markdown({ results, alpha }: IdentifyResult): Generator<string> {
  yield `**${escaped(inWords(results, alpha))}**\n\nlog10 p is corrected for all marks (Holm).\n\n`;
  yield rows([
    ["profile", "key", "verdict", "log10 p", "scored positions"],
    ["---", "---", "---", "---:", "---:"],
    ...results.map(({ candidate, kind, count, log10PAdjusted }) => [
      candidate.profile.id,
      candidate.name,
      kind,
      log10PAdjusted.toFixed(2),
      String(count.n),
    ]),
  ]);
  yield `\nNull hypothesis: ${escaped(NULL_HYPOTHESIS)}\n\n${escaped(WHAT_A_REJECTION_SAYS)}\n`;
}

function inWords(results: IdentifyResult["results"], alpha: number): string {
  const found = results.filter(({ kind }) => kind === "detected").length;
  return found === 0
    ? `None: the text carries none of the ${results.length} marks, as far as α = ${alpha} can tell.`
    : `Found ${found} of ${results.length} marks (α = ${alpha} for all together).`;
}

const COLUMNS = [
  "profile",
  "scheme",
  "key",
  "keyId",
  "verdict",
  "n",
  "effect",
  "z",
  "log10P",
  "log10PAdjusted",
] as const satisfies readonly (keyof IdentifyJson["results"][number])[];

function rowOf({
  candidate,
  kind,
  count,
  evidence,
  log10PAdjusted,
}: Identified<NamedCandidate>): IdentifyJson["results"][number] {
  return {
    profile: candidate.profile.id,
    scheme: candidate.profile.scheme,
    key: candidate.name,
    keyId: candidate.key.id,
    verdict: kind,
    n: count.n,
    effect: evidence.effect,
    z: evidence.zScore,
    log10P: evidence.log10P,
    log10PAdjusted,
  };
}
