import { parseWith } from "@verdigris/core";
import * as z from "zod";

const countSchema = z.strictObject({
  kind: z.literal("count"),
  order: z.int().min(1).max(9).default(5).describe("Longest context, tokens."),
  inertia: z
    .number()
    .gt(0)
    .default(20)
    .describe("κ: examples that weigh as much as the base model."),
});

const neuralSchema = z
  .strictObject({
    kind: z.literal("neural"),
    vocabularySize: z.int().min(16).max(65_536).default(2048),
    width: z.int().min(8).max(1024).default(64),
    layers: z.int().min(1).max(12).default(1),
    heads: z.int().min(1).max(16).default(4),
    contextLength: z.int().min(8).max(256).default(16),
    batch: z.int().min(1).max(256).default(32),
    learningRate: z.number().gt(0).lt(1).default(0.006),
    epochs: z.number().gt(0).max(100).default(2),
    targets: z
      .enum(["tokens", "probabilities"])
      .exactOptional()
      .describe(
        "What is learned of a text: its tokens (default), or the teacher's probabilities that it carries.",
      ),
    pretrainingEpochs: z
      .number()
      .min(0)
      .max(100)
      .exactOptional()
      .describe(
        "Passes over clean human text before the corpus; by default it starts from scratch.",
      ),
    adapterRank: z
      .int()
      .min(0)
      .max(64)
      .exactOptional()
      .describe(
        "Rank of low-rank adapters that the corpus trains alone; by default it trains everything.",
      ),
    pieces: z
      .enum(["teacher", "words"])
      .exactOptional()
      .describe(
        "The student's vocabulary: tokens of the teacher's (default), or words of its own.",
      ),
    gain: z
      .number()
      .gt(0)
      .max(5)
      .default(1)
      .describe("A of the survival law, fitted for this family."),
  })
  .refine(({ width, heads }) => width % heads === 0, {
    error: "expected a multiple of heads (64 and 4 unless given)",
    path: ["width"],
  })
  .refine(({ width, adapterRank = 0 }) => adapterRank <= width, {
    error: "expected at most the width (64 unless given)",
    path: ["adapterRank"],
  })
  .refine(({ targets, pieces }) => targets !== "probabilities" || pieces !== "words", {
    error: 'expected "tokens" for a student with words of its own',
    path: ["targets"],
  });

/** Settings of a student, by kind. */
export const studentSchema = z.discriminatedUnion("kind", [countSchema, neuralSchema]);

/** Where a recorded corpus and human text are found. */
export const recordedMaterialSchema = z.strictObject({
  manifest: z
    .string()
    .describe("Manifest of a recorded corpus, relative to the configuration file."),
  human: z.array(z.string()).min(1).describe("Human text for the base model."),
  humanTokensPerFile: z.int().min(1000).default(150_000),
});

const cellsSchema = z.strictObject({
  h: z
    .array(z.int().min(0).max(8))
    .min(1)
    .describe("Context widths; the material must hold an arm for each."),
  rho: z
    .array(z.number().min(0).max(1))
    .min(1)
    .describe("Marked shares, in tokens. 0 is added: it is a control."),
  served: z
    .int()
    .min(0)
    .default(0)
    .describe("Audit only windows the provider served at least so often."),
  student: studentSchema,
});

/** An experiment: which cells to run on which material. */
export const experimentSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
  seed: z.int().min(0).default(1),
  alpha: z.number().gt(0).lt(1).default(1e-3),
  material: recordedMaterialSchema,
  tokens: z.int().min(1000).describe("Tokens of every training corpus."),
  audit: z
    .strictObject({
      heldOut: z
        .number()
        .gt(0)
        .lt(1)
        .default(1 / 3)
        .describe("Share of the unmarked texts kept for the audit."),
      closed: z.int().min(100).default(20_000).describe("Contexts drawn from, at most."),
      open: z
        .int()
        .min(100)
        .default(4000)
        .describe("Contexts whose probabilities are read, at most."),
      decoys: z.int().min(19).max(100_000).default(199),
    })
    .prefault({}),
  runs: z.array(cellsSchema).min(1),
});

/** A checked experiment. */
export type Experiment = z.infer<typeof experimentSchema>;

/** The cells of one kind of student. */
export type Run = Experiment["runs"][number];

/** Settings of one student, by kind. */
export type StudentConfig = z.infer<typeof studentSchema>;

/** @throws VerdigrisError CONFIG_INVALID naming field, range and what came */
export function parseExperiment(value: unknown): Experiment {
  return parseWith(experimentSchema, value, { name: "config", code: "CONFIG_INVALID" });
}
