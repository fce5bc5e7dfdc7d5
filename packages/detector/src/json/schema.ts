/**
 * What `score` prints as JSON and JSON lines, and the gateway's detection endpoint answers with, version 1. A version gains
 * fields but never loses one or changes its meaning; readers pass over fields they do not know.
 */
import * as z from "zod";

const count = z.int().min(0);
const log10 = z.number().max(0);

/** One verdict. */
export const verdictSchema = z.object({
  name: z.string().describe("Path, id of the document, or `all files`."),
  verdict: z
    .enum(["detected", "not-detected", "too-short"])
    .describe("After Holm's correction within its family; `not-detected` never means unmarked."),
  alpha: z.number().gt(0).lt(1).describe("Chance of a false alarm."),
  n: count.describe("Scored positions: distinct coins."),
  greenRate: z
    .number()
    .nullable()
    .optional()
    .describe("Green lists: share of green coins; null if none was scored."),
  meanScore: z
    .number()
    .nullable()
    .optional()
    .describe("Other marks: mean score of a coin; null if none was scored."),
  effect: z.number().describe("Mean score minus its expectation without the mark."),
  z: z.number().describe("Standard score, for display only."),
  log10P: log10.describe("log10 of the exact one-sided p-value."),
  log10PAdjusted: log10.describe("log10 p after Holm's correction for the texts of its family."),
  decoy: z
    .object({
      keys: z.int().min(1).describe("Decoy keys."),
      p: z.number().gt(0).max(1).describe("Rank p-value of the key among the decoys."),
      vif: z
        .number()
        .min(0)
        .describe("Variance of z over the decoys; near 1 for independent coins."),
    })
    .nullable()
    .describe("The decoy-key test; null if it was not made."),
  weights: z
    .object({
      kind: z.string().describe("What positions were weighed by."),
      effectiveN: z
        .number()
        .min(0)
        .describe("Equally weighted positions with the same noise: (Σω)²/Σω²."),
    })
    .optional()
    .describe("With --weights: effect, z, log10P and decoy are those of the weighted sum."),
  tokens: count.describe("Tokens seen."),
  unscored: z
    .object({
      repeated: count.describe("The coin was counted before."),
      prompt: count.describe("The window occurs in the prompt."),
      keyless: count.describe("The coin is the same under every key."),
      noContext: count.describe("Special token, or too few tokens of context."),
    })
    .describe("Positions not scored."),
  smallestN: z
    .int()
    .min(1)
    .optional()
    .describe("Too short: scored positions with which a rejection is possible at all."),
  findings: z
    .record(z.string(), z.int().min(1))
    .describe("Characters that normalisation removed or replaced, by kind."),
  warnings: z.array(z.string()).readonly(),
});

const heading = z.object({
  version: z.literal(1).describe("Version of this schema."),
  profile: z.string().describe("Id of the profile."),
  keyId: z.string().describe("Public id of the key."),
});

const problem = z.object({
  path: z.string(),
  line: z.int().min(1).optional(),
  message: z.string(),
});

const peer = z.object({
  name: z.string(),
  report: z.union([
    z.object({
      peer: z.string().describe("Project and version whose arithmetic this is."),
      figures: z.record(z.string(), z.union([z.number(), z.boolean(), z.null()])),
      caveats: z.array(z.string()).readonly(),
    }),
    z.object({ refused: z.string() }),
  ]),
});

const pooled = heading.extend(verdictSchema.shape).extend({
  problems: z.array(problem).readonly().describe("Records that could not be used."),
  peers: z
    .array(peer)
    .readonly()
    .optional()
    .describe("What the mark's own project would print of each document, if asked for."),
  nullHypothesis: z.string(),
  notice: z.string().describe("What a rejection says, and what it does not."),
});

/** `--format json`. */
export const scoreSchema = pooled
  .extend({
    files: z.array(verdictSchema).readonly(),
    documents: z.array(verdictSchema).readonly().optional().describe("With --per-document."),
  })
  .meta({ title: "What `verdigris score --format json` prints, version 1" });

/** One line of `--format jsonl`: documents, files, and the pooled verdict last. */
export const scoreLineSchema = z
  .discriminatedUnion("scope", [
    heading.extend(verdictSchema.shape).extend({ scope: z.literal("document") }),
    heading.extend(verdictSchema.shape).extend({ scope: z.literal("file") }),
    pooled.extend({ scope: z.literal("pooled") }),
  ])
  .meta({ title: "A line of `verdigris score --format jsonl`, version 1" });

export type VerdictJson = z.infer<typeof verdictSchema>;
export type ProblemJson = z.infer<typeof problem>;
export type PeerJson = z.infer<typeof peer>;
export type PooledJson = z.infer<typeof pooled>;
export type ScoreJson = z.infer<typeof scoreSchema>;
export type LineJson = z.infer<typeof scoreLineSchema>;
