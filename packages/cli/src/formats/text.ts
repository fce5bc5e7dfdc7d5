/** Results for people: in words first, then the numbers. */
import { NULL_HYPOTHESIS, WHAT_A_REJECTION_SAYS } from "@verdigris/detector";
import type { PeerScored } from "../peer-scores.js";
import type { ScoreResult, Scored } from "../scoring.js";
import type { Listed } from "../spool.js";
import type { Setting } from "./format.js";
import { figures, inWords, plural } from "./words.js";

export function* text(result: ScoreResult, setting: Setting): Generator<string> {
  const { pooled, files, documents, problems } = result;
  const warnings = [...setting.warnings, ...pooled.verdict.warnings];
  yield lines([
    inWords(pooled, setting),
    "",
    ...figures(pooled, setting).map(([name, value]) => `  ${name.padEnd(18)}${value}`),
    ...warnings.map((warning) => `  warning: ${warning}`),
    ...(problems.length === 0
      ? []
      : [`  warning: ${plural(problems.length, "record")} could not be used`]),
  ]);
  yield* table("file", files.length > 1 ? files : []);
  yield* table("document", documents);
  yield lines([
    ...[...result.peers].flatMap(peerLines),
    "",
    `Null hypothesis: ${NULL_HYPOTHESIS}`,
    WHAT_A_REJECTION_SAYS,
  ]);
}

/** What the mark's own project would print of a document. */
function peerLines({ name, report }: PeerScored): readonly string[] {
  if ("refused" in report)
    return ["", `${name}: refused by the mark's own project: ${report.refused}`];
  const entries = Object.entries(report.figures);
  const width = Math.max(...entries.map(([figure]) => figure.length)) + 2;
  return [
    "",
    `${name}, as ${report.peer} would print it:`,
    ...entries.map(([figure, value]) => `  ${figure.padEnd(width)}${value}`),
    ...report.caveats.map((caveat) => `  differs because: ${caveat}`),
  ];
}

/** One line per text of a family of tests; p is Holm's adjusted one. */
function* table(what: string, tests: Listed<Scored>): Generator<string> {
  if (tests.length === 0) return;
  const family = plural(tests.length, what);
  yield lines(["", `Each ${what} (log10 p corrected by Holm's method for ${family}):`]);
  for (const { name, kind, verdict, log10PAdjusted } of tests) {
    const row = [
      kind.padEnd(14),
      `log10 p ${log10PAdjusted.toFixed(2)}`.padEnd(18),
      `n ${verdict.count.n}`.padEnd(12),
      name,
    ];
    yield lines([`  ${row.join("")}`]);
  }
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}
