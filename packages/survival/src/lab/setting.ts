import { schemes } from "@verdigris/core";
import * as z from "zod";
import { studentSchema } from "../config.js";
import type { Traits } from "../needs.js";
import { trainingAttackSchema } from "../training-attacks/index.js";

const markSchema = z
  .strictObject({
    scheme: z
      .enum(schemes.map(({ name }) => name))
      .default("green-list")
      .describe("Name in the scheme registry."),
    prf: z.string().default("chacha8-v1"),
    h: z.int().min(0).max(64).default(2).describe("Context width: tokens before the scored one."),
    seeding: z.enum(["left", "min", "self"]).default("left"),
    parameters: z
      .record(z.string(), z.unknown())
      .default({ gamma: 0.25, delta: 2 })
      .describe("The scheme's own parameters."),
  })
  .describe("The mark; checked as a profile is.");

/** How a teacher that can write for any mark is asked to. */
const writing = {
  temperature: z.number().gt(0).max(100).default(1),
  topP: z.number().gt(0).max(1).default(1),
  textLength: z.int().min(9).max(100_000).default(120).describe("Tokens of one answer."),
  repeatedContexts: z
    .enum(["none", "single_turn", "all"])
    .default("none")
    .describe(
      "Serving-side masking, in vLLM's words: single_turn leaves a context that the answer repeats unmarked, all also one of the prompt.",
    ),
  targets: z
    .int()
    .min(0)
    .max(256)
    .default(0)
    .describe("Probabilities that the interface returns with each token; 0: the text alone."),
  greedy: z.number().min(0).max(1).default(0).describe("Share of answers at temperature 0."),
};

const countTeacherSchema = z.strictObject({
  kind: z.literal("count"),
  order: z.int().min(1).max(8).default(3).describe("Longest context of the count model, tokens."),
  candidates: z.int().min(2).max(10_000).default(64).describe("Most likely tokens per step."),
  ...writing,
});

const modelTeacherSchema = z.strictObject({ kind: z.literal("model"), ...writing });

const endpointTeacherSchema = z.strictObject({
  kind: z.literal("endpoint"),
  temperature: writing.temperature,
  textLength: writing.textLength,
});

const teacherSchema = z.discriminatedUnion("kind", [
  countTeacherSchema.describe("A count model of the material's unmarked texts: any mark, any key."),
  modelTeacherSchema.describe("The material's own model, run here: any mark, any key; slow."),
  endpointTeacherSchema.describe("The material's served model: only marks it is served with."),
  z
    .strictObject({ kind: z.literal("recorded") })
    .describe("The material's own marked texts: only its marks, and one key."),
]);

const keyringSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("one") }),
  z
    .strictObject({
      kind: z.literal("tenants"),
      count: z.int().min(2).max(100_000),
      shares: z.enum(["equal", "zipf"]).default("equal"),
    })
    .describe("Each tenant's answers carry its own key; the first has the largest share."),
  z
    .strictObject({ kind: z.literal("epochs"), count: z.int().min(2).max(10_000) })
    .describe("The key changes so often; every epoch served as much."),
]);

/** What one student run is about; each field is an axis a study may vary. */
export const settingSchema = z.strictObject({
  mark: markSchema.prefault({}),
  teacher: teacherSchema.prefault({ kind: "count" }),
  keyring: keyringSchema.prefault({ kind: "one" }),
  tokens: z.int().min(1000).default(300_000).describe("Tokens of the training corpus."),
  rho: z.number().min(0).max(1).default(1).describe("Marked share of the corpus, in tokens."),
  filler: z
    .enum(["teacher", "machine", "human"])
    .default("teacher")
    .describe(
      "What the rest of the corpus is: the same teacher unmarked, another machine, people.",
    ),
  student: studentSchema.prefault({ kind: "count" }),
  generations: z
    .int()
    .min(1)
    .max(8)
    .default(1)
    .describe("1: a student of the teacher; 2: a student of that student; …"),
  attack: trainingAttackSchema
    .nullable()
    .default(null)
    .describe("What the thief does between collecting and serving; null: nothing."),
  served: z
    .int()
    .min(0)
    .default(0)
    .describe("Supervision: audit only windows that were served at least so often; 0: any."),
});

/** A checked setting. */
export type Setting = z.infer<typeof settingSchema>;

/** Settings of a teacher that can write for any mark. */
export type WritingTeacherSetting = Extract<Setting["teacher"], { kind: "count" | "model" }>;

/** A count model as it is by default: other people's machine, where the teacher's own would take too long. */
export const DEFAULT_COUNT_TEACHER: WritingTeacherSetting = countTeacherSchema.parse({
  kind: "count",
});

/** What each kind of teacher has for others and needs of the material. */
export const teacherTraits: Readonly<Record<Setting["teacher"]["kind"], Traits>> = {
  count: { offers: ["anyKey"], needs: [] },
  model: { offers: ["anyKey"], needs: ["model"] },
  endpoint: { offers: [], needs: ["served", "tokenizer"] },
  recorded: { offers: [], needs: ["arms"] },
};
