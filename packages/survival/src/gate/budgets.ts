import { parseWith } from "@verdigris/core";
import * as z from "zod";

const whereSchema = z
  .strictObject({
    profile: z.string().optional(),
    student: z.string().optional(),
    h: z.int().min(0).optional(),
    rho: z.number().min(0).max(1).optional(),
    served: z.int().min(0).optional(),
    setting: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('Of a study: levels by path, as in its `vary`, such as "attack.kind".'),
  })
  .describe("Cells with these values; a field that is left out stands for any.");

/** What a run must keep to. Every part may be left out, but not all. */
export const budgetsSchema = z
  .strictObject({
    version: z.literal(1),
    power: z
      .array(
        z.strictObject({
          where: whereSchema.default({}),
          least: z
            .number()
            .gt(0)
            .lt(1)
            .describe("Smallest chance that the closed audit of a student decides."),
          alpha: z
            .number()
            .gt(0)
            .lt(1)
            .optional()
            .describe("Level of that audit; the report's own if left out."),
        }),
      )
      .min(1)
      .optional(),
    falseAlarms: z
      .strictObject({
        alpha: z
          .number()
          .gt(0)
          .lt(1)
          .optional()
          .describe("Level at which innocent controls are tested; the report's own if left out."),
        most: z.int().min(0).optional().describe("Innocent controls that may be detected."),
        chance: z
          .number()
          .gt(0)
          .lt(1)
          .optional()
          .describe(
            "Smallest chance, by an exact bound, of false alarms under so many keys if every test keeps its level.",
          ),
        varianceInflation: z
          .tuple([z.number().gt(0), z.number().gt(0)])
          .optional()
          .describe("Bounds for the variance of z over wrong keys; its interval must reach them."),
      })
      .refine(({ most, chance }) => most !== undefined || chance !== undefined, {
        error: "expected most or chance",
      })
      .optional(),
    forecastError: z
      .strictObject({
        where: whereSchema.default({}),
        standardErrors: z
          .number()
          .min(0)
          .default(3)
          .describe("Of a study in standard errors over keys, by Student's t."),
        relative: z.number().min(0).default(0.1),
        most: z
          .int()
          .min(0)
          .default(0)
          .describe("Audits that may lie outside; of a study, cells' means."),
      })
      .optional(),
  })
  .refine(
    ({ power, falseAlarms, forecastError }) =>
      power !== undefined || falseAlarms !== undefined || forecastError !== undefined,
    { error: "expected power, falseAlarms or forecastError" },
  )
  .meta({ title: "Budgets of `verdigris survive --check`, version 1" });

/** Checked budgets. */
export type Budgets = z.infer<typeof budgetsSchema>;

/** Cells by their settings. */
export type Where = z.infer<typeof whereSchema>;

/** @throws VerdigrisError CONFIG_INVALID naming field, range and what came */
export function parseBudgets(value: unknown): Budgets {
  return parseWith(budgetsSchema, value, { name: "budgets", code: "CONFIG_INVALID" });
}
