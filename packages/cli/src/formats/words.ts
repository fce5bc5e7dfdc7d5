/** Verdicts in words, the same in every format. */
import type { Scored } from "../scoring.js";
import type { Setting } from "./format.js";

/** The verdict in one sentence. */
export function inWords(scored: Scored, { keyId, profile, weights }: Setting): string {
  const { kind, verdict, log10PAdjusted } = scored;
  const { alpha, count } = verdict;
  const corrected = log10PAdjusted === verdict.log10P ? "" : " after Holm's correction";
  const weighed = weights === undefined ? "" : ` (positions weighed by ${weights})`;
  const p = `p = ${power(log10PAdjusted)}${corrected}${weighed}`;
  const mark = `the mark of key ${keyId} (profile ${profile})`;
  if (verdict.kind === "too-short") {
    return `Too short: ${plural(count.n, "scored position")}; at alpha = ${alpha} a test needs ${verdict.smallestN}.`;
  }
  return kind === "detected"
    ? `Detected: the text carries ${mark}, ${p} ≤ alpha = ${alpha}.`
    : `Not detected: not enough evidence of ${mark}, ${p} > alpha = ${alpha}.`;
}

/** What a verdict rests on: names and values. */
export function figures(
  { verdict, findings }: Scored,
  setting: Setting,
): readonly (readonly [string, string])[] {
  const { count, evidence, decoys, log10P } = verdict;
  const { repeated, prompt, keyless, noContext } = count.unscored;
  const mean = setting.law === "bernoulli" ? "green rate" : "mean score";
  const rate = count.n === 0 ? "none scored" : (count.sum / count.n).toFixed(4);
  const changed = [...findings].map(([kind, times]) => `${kind} ${times}`).join(", ");
  return [
    ["scored positions", `${count.n} of ${plural(count.tokens, "token")}`],
    [
      "not scored",
      `${repeated} repeated, ${prompt} from the prompt, ${keyless} the same under every key, ${noContext} without context`,
    ],
    [mean, `${rate} (${setting.nullMean} without the mark), effect ${signed(evidence.effect)}`],
    ...("effectiveN" in evidence && setting.weights !== undefined
      ? [
          [
            "weights",
            `${setting.weights} (${setting.weightsInWords}), worth ${evidence.effectiveN.toFixed(1)} equal positions`,
          ] as const,
        ]
      : []),
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

/** 10^x as a decimal number with an exponent, however small. */
export function power(log10: number): string {
  if (log10 > -3) return (10 ** log10).toPrecision(2);
  const exponent = Math.floor(log10);
  const mantissa = (10 ** (log10 - exponent)).toFixed(1);
  return mantissa === "10.0" ? `1.0e${exponent + 1}` : `${mantissa}e${exponent}`;
}

/** "1 token", "2 tokens". */
export function plural(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

function signed(value: number): string {
  return `${value < 0 ? "" : "+"}${value.toFixed(4)}`;
}
