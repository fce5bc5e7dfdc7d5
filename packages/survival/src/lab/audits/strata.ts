/** Windows by how often they were served, tested apart: what a thief did to the frequent ones cannot hide in the rest. */
import type { Scheme } from "@verdigris/core";
import {
  type StratifiedEvidence,
  type Stratum,
  stratifiedClosedTest,
  stratifiedOpenTest,
} from "@verdigris/detector";
import * as z from "zod";
import type { Answer, AnswerPart, Question, Subject } from "./question.js";
import { servedCounts } from "./served-counts.js";

export const schema = z
  .strictObject({
    edges: z
      .array(z.int().min(1))
      .min(1)
      .default([2, 10, 50])
      .describe("Least count of each stratum after the first, increasing."),
    frequent: z
      .int()
      .min(1)
      .default(50)
      .describe("Least count of a window that a thief may have learned to avoid."),
  })
  .describe("Audit windows by how often they were served, and ask whether a mark was taken out.");

export function questions(settings: z.infer<typeof schema>, subject: Subject): readonly Question[] {
  const { draws, predictions, served, scheme } = subject;
  const windows = servedCounts(scheme, served);
  const options = { ...settings, counts: windows.counts };
  const closed: Question["under"] = (own) => answerOf(stratifiedClosedTest(own, draws, options));
  const open: Question["under"] = (own) => answerOf(stratifiedOpenTest(own, predictions, options));
  const removed: Question["under"] = (own) => removedOf(stratifiedClosedTest(own, draws, options));
  return [
    { test: "strata", access: "closed", under: closed },
    ...(opens(scheme) ? [{ test: "strata", access: "open", under: open } as const] : []),
    // Fewer than expected says something only where the law's mean is exact and not a bound.
    ...(scheme.law.kind === "bernoulli"
      ? [{ test: "mark taken out", access: "closed", under: removed } as const]
      : []),
  ];
}

/** Betting needs scores with an upper end, and windows that share no coin. */
function opens({ law, coinsDependOnKey }: Scheme): boolean {
  return !coinsDependOnKey && (law.kind === "bernoulli" || law.kind === "bits");
}

function answerOf({ strata, log10E }: StratifiedEvidence): Answer {
  return { ...total(strata), log10P: bound(log10E), parts: strata.map(partOf) };
}

function removedOf({ strata, log10Removed }: StratifiedEvidence): Answer {
  const frequent = strata.filter(({ log10Fewer }) => log10Fewer !== null);
  return { ...total(frequent), log10P: bound(log10Removed) };
}

function partOf({ from, to, n, effect, log10More }: Stratum): AnswerPart {
  const name = to === Infinity ? `served ≥ ${from}` : `served ${from}–${to - 1}`;
  return { name, n, effect, log10P: bound(log10More) };
}

function total(strata: readonly Stratum[]): Pick<Answer, "n" | "effect"> {
  const n = strata.reduce((sum, own) => sum + own.n, 0);
  const excess = strata.reduce((sum, own) => sum + own.n * own.effect, 0);
  return { n, effect: n === 0 ? 0 : excess / n };
}

/** p ≤ 1/E. */
function bound(log10E: number): number {
  return Math.min(0, -log10E);
}
