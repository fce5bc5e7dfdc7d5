/** Windows counted by what the provider knows of them: how much they can have taught a student, or whether at all. */
import {
  type Weighting,
  leverageWeights,
  openTest,
  servedFilter,
  weightedClosedTest,
} from "@verdigris/detector";
import * as z from "zod";
import { type Question, type Subject, answerOf } from "./question.js";
import { servedCounts } from "./served-counts.js";

const KINDS = ["leverage", "served"] as const;

export const schema = z
  .strictObject({
    by: z
      .array(z.enum(KINDS))
      .min(1)
      .default([...KINDS]),
    least: z.int().min(1).default(1).describe("served: windows served so often count, no others."),
  })
  .describe("Audit with a weight for each window: its leverage n/(n + κ), or 1 if it was served.");

export function questions(
  { by, least }: z.infer<typeof schema>,
  { scheme, served, apprenticeship, draws, predictions }: Subject,
): readonly Question[] {
  const windows = servedCounts(scheme, served);
  const weightings: Readonly<Record<(typeof KINDS)[number], Weighting>> = {
    leverage: leverageWeights(windows, apprenticeship.inertia),
    served: servedFilter(windows, least),
  };
  return by.flatMap((kind): readonly Question[] => [
    {
      test: `${kind} weights`,
      access: "closed",
      under: (own) => answerOf(weightedClosedTest(own, draws, weightings[kind])),
    },
    {
      test: `${kind} weights`,
      access: "open",
      under: (own) => answerOf(openTest(own, predictions, weightings[kind])),
    },
  ]);
}
