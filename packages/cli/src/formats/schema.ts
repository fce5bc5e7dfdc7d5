/** What `identify` prints as JSON, version 1: the same promise as `score`'s. */
import { verdictSchema } from "@verdigris/detector/json";
import * as z from "zod";

/** `identify --format json`. */
export const identifySchema = z
  .object({
    version: z.literal(1).describe("Version of this schema."),
    alpha: z
      .number()
      .gt(0)
      .lt(1)
      .describe("Chance of naming any mark in a text without one, over all that were tested."),
    tested: z.int().min(0).describe("Pairs of profile and key that were tested."),
    skipped: z
      .int()
      .min(0)
      .describe(
        "Pairs that were not tested: a key the scheme does not take, or a vocabulary smaller than the text's.",
      ),
    results: z
      .array(
        z.object({
          profile: z.string().describe("Id of the profile."),
          scheme: z.string(),
          key: z.string().describe("Name of the key in the file of keys."),
          keyId: z.string().describe("Public id of the key."),
          verdict: verdictSchema.shape.verdict.describe("After Holm's correction for all pairs."),
          n: z.int().min(0).describe("Scored positions: distinct coins."),
          effect: z.number().describe("Mean score minus its expectation without the mark."),
          z: z.number().describe("Standard score, for display only."),
          log10P: z.number().max(0).describe("log10 of the exact one-sided p-value."),
          log10PAdjusted: z
            .number()
            .max(0)
            .describe("log10 p after Holm's correction for all pairs."),
        }),
      )
      .readonly()
      .describe("The likeliest first."),
    nullHypothesis: z.string(),
    notice: z.string().describe("What a rejection says, and what it does not."),
  })
  .meta({ title: "What `verdigris identify --format json` prints, version 1" });

export type IdentifyJson = z.infer<typeof identifySchema>;
