/** What `forecast` prints as JSON, version 1: the same promise as `score`'s. */
import * as z from "zod";

const estimate = z.object({
  value: z.number(),
  lower: z.number().describe("95 % interval."),
  upper: z.number(),
});

const tokens = z.int().min(1);
const probability = z.number().min(0).max(1);
const amount = z.object({ texts: z.int().min(0), tokens: z.int().min(0) });

const auditSchema = z.object({
  asked: tokens.describe("Scored tokens asked for."),
  n: tokens.describe("Those that the auditor's text has windows for."),
  kind: z
    .enum(["planned", "refused"])
    .describe("Refused: power below one half, so that finding nothing would say nothing."),
  effect: estimate.describe("Where the measured mean excess will lie."),
  z: estimate,
  log10P: estimate.describe("Exact tail at each z."),
  power: probability.describe("Chance of deciding at alpha."),
  leastPower: probability.describe("The same at the lower end of the forecast excess."),
});

/** N*. */
export const requiredTokensSchema = z
  .object({
    value: tokens,
    lower: tokens,
    upper: tokens.nullable().describe("Null: the interval reaches down to no excess."),
  })
  .nullable()
  .describe("N*: scored tokens that decide at alpha with power; null without an excess.");

const weightingSchema = z.object({
  weighting: z
    .enum(["plain", "filter", "leverage"])
    .describe("All windows alike; those ever served; each by its leverage in the log."),
  epsilon: estimate.describe("Expected weighted excess per token."),
  efficiency: probability.describe("Weighted tokens have the noise of so many equal ones, each."),
  noise: z
    .number()
    .exactOptional()
    .describe("Standard deviation of a marked student's sum over that of an innocent one's."),
  requiredTokens: requiredTokensSchema,
  withinReach: z.boolean().describe("Whether the auditor's text has so many windows."),
  audits: z.array(auditSchema).readonly(),
});

const studentSchema = z.object({
  name: z.string(),
  gain: estimate,
  inertia: z.number(),
  order: z.int(),
  exponent: z.number().optional(),
  source: z.string(),
});

/** `forecast --format json`. */
export const forecastSchema = z
  .object({
    version: z.literal(1).describe("Version of this schema."),
    profile: z.string(),
    scheme: z.string(),
    h: z.int().min(1),
    alpha: probability,
    power: probability,
    rho: probability.describe("Marked share of the thief's training text."),
    served: amount.describe("The log, without what was held out for the audit."),
    filler: amount.nullable().describe("Null: text with the same windows was assumed."),
    windows: z.object({
      audited: z.int().min(1).describe("Distinct windows of the auditor's text."),
      served: z.int().min(0).describe("Those of them that the log holds."),
    }),
    teacher: z.object({
      deltaT: z.number().describe("Mean excess score of the served tokens."),
      standardError: z.number().min(0),
    }),
    outlooks: z
      .array(
        z.object({
          student: studentSchema,
          share: probability.describe("Part of the log that the thief takes."),
          taken: amount,
          markedLeverage: z.number().describe("Mean leverage of the marked examples: rho Lambda."),
          information: z.number().describe("Sum of squared leverages over the audited windows."),
          largestZ: z.number().describe("z of the best weights over all audited windows."),
          weightings: z.array(weightingSchema).readonly(),
          attribution: z
            .object({
              tenants: tokens,
              threshold: z.number().describe("z that an accusation needs among so many."),
              smallestShare: z
                .number()
                .nullable()
                .describe("Of the taken text; above 1 nobody is found. Null without an excess."),
            })
            .nullable(),
        }),
      )
      .readonly(),
    assertions: z
      .array(
        z.object({
          text: z.string(),
          p: z.number(),
          tokens,
          rho: z.number(),
          share: z.number(),
          power: z.number(),
          student: z.string(),
          weights: z.string(),
          holds: z.boolean(),
          n: tokens,
          leastPower: probability,
          requiredTokens: tokens.nullable(),
        }),
      )
      .readonly(),
    notice: z.string().describe("What a forecast says, and what it does not."),
  })
  .meta({ title: "What `verdigris forecast --format json` prints, version 1" });

export type ForecastJson = z.infer<typeof forecastSchema>;
