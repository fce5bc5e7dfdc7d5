import { parseWith } from "@verdigris/core";
import * as z from "zod";

const estimateSchema = z
  .strictObject({ value: z.number().min(0), lower: z.number().min(0), upper: z.number().min(0) })
  .refine(({ value, lower, upper }) => lower <= value && value <= upper, {
    error: "expected lower ≤ value ≤ upper",
  });

const familySchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/),
  gain: estimateSchema.describe(
    "A: the part of a count student's excess that this kind learns, with its 95 % interval.",
  ),
  inertia: z
    .number()
    .gt(0)
    .describe("κ: examples of a window that weigh as much as what it knew before."),
  order: z.int().min(1).max(9).describe("Longest context whose examples count, tokens."),
  exponent: z
    .number()
    .gt(0)
    .max(2)
    .optional()
    .describe("Exponent a of the marked share: ε ∝ ρ^a. Default 1."),
  source: z.string().describe("Where the gain comes from."),
});

/** A kind of student, as the survival law sees it. */
export type StudentFamily = Readonly<z.infer<typeof familySchema>>;

/** Kinds of students whose gain is known. */
export const STUDENT_FAMILIES: readonly StudentFamily[] = [
  {
    name: "count",
    gain: { value: 1, lower: 1, upper: 1 },
    inertia: 20,
    order: 5,
    source: "exact: predictions linear in the training examples (0005)",
  },
  {
    name: "language-model",
    gain: { value: 0.22, lower: 0.05, upper: 1 },
    inertia: 20,
    order: 5,
    source:
      "published: from .10 (Sander et al. 2024, k = 1) to .5 (Pan et al. 2025, n = 1), and up to twice that either way",
  },
];

/** Families from JSON. @throws VerdigrisError CONFIG_INVALID naming field, range and what came */
export function parseFamilies(value: unknown): readonly StudentFamily[] {
  return parseWith(z.array(familySchema).min(1), value, {
    name: "students",
    code: "CONFIG_INVALID",
  });
}
