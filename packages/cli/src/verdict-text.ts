/** Verdicts for people: in words first, then the numbers. */
import { NULL_HYPOTHESIS, WHAT_A_REJECTION_SAYS } from "@verdigris/detector";
import type { PeerScored, ScoreResult, Scored } from "./scoring.js";
import type { Setting } from "./verdict-json.js";

/** The whole result as lines of text. */
export function resultText(result: ScoreResult, setting: Setting): string {
  const { pooled, files, documents, problems } = result;
  const warnings = [...setting.warnings, ...pooled.verdict.warnings];
  const lines = [
    inWords(pooled, setting),
    "",
    ...numbers(pooled, setting).map(([name, value]) => `  ${name.padEnd(18)}${value}`),
    ...warnings.map((warning) => `  warning: ${warning}`),
    ...(problems.length === 0
      ? []
      : [`  warning: ${plural(problems.length, "record")} could not be used`]),
    ...table("file", files.length > 1 ? files : []),
    ...table("document", documents),
    ...result.peers.flatMap(peerLines),
    "",
    `Null hypothesis: ${NULL_HYPOTHESIS}`,
    WHAT_A_REJECTION_SAYS,
  ];
  return `${lines.join("\n")}\n`;
}

function inWords({ kind, verdict }: Scored, { keyId, profile }: Setting): string {
  const { alpha, count } = verdict;
  const mark = `the mark of key ${keyId} (profile ${profile})`;
  if (verdict.kind === "too-short") {
    return `Too short: ${plural(count.n, "scored position")}; at alpha = ${alpha} a test needs ${verdict.smallestN}.`;
  }
  return kind === "detected"
    ? `Detected: the text carries ${mark}, p = ${power(verdict.log10P)} ≤ alpha = ${alpha}.`
    : `Not detected: not enough evidence of ${mark}, p = ${power(verdict.log10P)} > alpha = ${alpha}.`;
}

function numbers(
  { verdict, findings }: Scored,
  setting: Setting,
): readonly (readonly [string, string])[] {
  const { count, evidence, decoys, log10P } = verdict;
  const { repeated, prompt, noContext } = count.unscored;
  const mean = setting.law === "bernoulli" ? "green rate" : "mean score";
  const rate = count.n === 0 ? "none scored" : (count.sum / count.n).toFixed(4);
  const changed = [...findings].map(([kind, times]) => `${kind} ${times}`).join(", ");
  return [
    ["scored positions", `${count.n} of ${plural(count.tokens, "token")}`],
    ["not scored", `${repeated} repeated, ${prompt} from the prompt, ${noContext} without context`],
    [mean, `${rate} (${setting.nullMean} without the mark), effect ${signed(evidence.effect)}`],
    ["log10 p", `${log10P.toFixed(2)} (exact, one-sided)`],
    ["z", `${evidence.zScore.toFixed(2)} (for display only)`],
    [
      "decoy keys",
      decoys === null
        ? "not tested (none asked for, or more text than the test keeps)"
        : `p = ${decoys.p.toPrecision(2)} over ${decoys.keys}, variance inflation ${decoys.varianceInflation.toFixed(2)}`,
    ],
    ...(changed === "" ? [] : [["normalised", changed] as const]),
  ];
}

/** What the mark's own project would print of a document. */
function peerLines({ name, report }: PeerScored): readonly string[] {
  if ("refused" in report)
    return ["", `${name}: refused by the mark's own project: ${report.refused}`];
  const figures = Object.entries(report.figures);
  const width = Math.max(...figures.map(([figure]) => figure.length)) + 2;
  return [
    "",
    `${name}, as ${report.peer} would print it:`,
    ...figures.map(([figure, value]) => `  ${figure.padEnd(width)}${value}`),
    ...report.caveats.map((caveat) => `  differs because: ${caveat}`),
  ];
}

/** One line per text of a family of tests; p is Holm's adjusted one. */
function table(what: string, tests: readonly Scored[]): readonly string[] {
  if (tests.length === 0) return [];
  const head = `Each ${what} (log10 p corrected by Holm's method for ${plural(tests.length, what)}):`;
  const rows = tests.map(({ name, kind, verdict, log10PAdjusted }) =>
    [
      kind.padEnd(14),
      `log10 p ${log10PAdjusted.toFixed(2)}`.padEnd(18),
      `n ${verdict.count.n}`.padEnd(12),
      name,
    ].join(""),
  );
  return ["", head, ...rows.map((row) => `  ${row}`)];
}

/** 10^x as a decimal number with an exponent, however small. */
function power(log10: number): string {
  if (log10 > -3) return (10 ** log10).toPrecision(2);
  const exponent = Math.floor(log10);
  return `${(10 ** (log10 - exponent)).toFixed(1)}e${exponent}`;
}

function signed(value: number): string {
  return `${value < 0 ? "" : "+"}${value.toFixed(4)}`;
}

function plural(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
