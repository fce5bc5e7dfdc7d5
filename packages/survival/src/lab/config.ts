import { parseWith } from "@verdigris/core";
import * as z from "zod";
import { recordedMaterialSchema } from "../config.js";
import { VARIABLE_NAME } from "../endpoint/api-key.js";
import { furtherAuditFields } from "./audits/index.js";
import { gridOf } from "./grid.js";
import { settingSchema } from "./setting.js";

const levels = z.array(z.unknown()).min(1);
const axes = z
  .record(z.string(), levels)
  .describe('Levels by the path of the field they replace, such as "rho" or "mark.h".');

const auditSchema = z.strictObject({
  heldOut: z.int().min(1000).default(60_000).describe("Tokens of unmarked text to audit on."),
  oneStep: z.int().min(100).default(20_000).describe("Contexts drawn from once, at most."),
  open: z.int().min(100).default(4000).describe("Contexts whose probabilities are read, at most."),
  freeRun: z.int().min(0).default(20_000).describe("Tokens the student writes freely; 0: none."),
  decoys: z.int().min(19).max(100_000).default(99),
  ...furtherAuditFields,
});

const servedModel = {
  url: z.string().describe("Base of the API, such as http://127.0.0.1:8080/v1."),
  model: z.string().describe("The model's name there."),
  apiKeyEnv: z
    .string()
    .regex(VARIABLE_NAME, "expected the name of an environment variable, in capitals")
    .exactOptional()
    .describe("Environment variable with the server's API key; never the key itself."),
};

/** A study: a default setting, what varies around it, and how often each is repeated. */
export const studySchema = z.strictObject({
  kind: z.literal("study"),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
  seed: z.int().min(0).default(1),
  alpha: z.number().gt(0).lt(1).default(1e-5),
  keys: z.int().min(1).max(1000).default(5).describe("Keys; the unit of replication."),
  seeds: z.int().min(1).max(1000).default(3).describe("Student runs per key."),
  material: recordedMaterialSchema.extend({
    vocabulary: z
      .int()
      .min(16)
      .nullable()
      .default(null)
      .describe("Folds the vocabulary into so many ids, frequent ones apart; null: all."),
    model: z
      .strictObject({
        file: z.string().describe("GGUF file, relative to the configuration file."),
        sequences: z.int().min(1).max(64).default(8).describe("Texts written at a time."),
        threads: z.int().min(1).max(64).default(1),
      })
      .exactOptional()
      .describe("A model that writes now: the teacher of kind model, and the attack rewriting."),
    served: z
      .strictObject({
        unmarked: z.strictObject(servedModel),
        marked: z
          .array(
            z.strictObject({
              ...servedModel,
              profile: z.string().describe("Profile of the mark in its answers."),
            }),
          )
          .min(1),
        keyFile: z.string().describe("Key of its marks."),
      })
      .exactOptional()
      .describe(
        "A model behind an OpenAI-compatible API that marks its own answers: the teacher of kind endpoint.",
      ),
  }),
  audit: auditSchema.prefault({}),
  default: settingSchema.prefault({}).describe("The default cell."),
  vary: axes.default({}).describe("One at a time, everything else as in the default cell."),
  cross: z
    .array(axes)
    .default([])
    .describe("Interactions: every combination of the levels of each entry."),
});

/** A checked study. */
export type Study = z.infer<typeof studySchema>;

/** A study all of whose cells have known settings. @throws VerdigrisError CONFIG_INVALID naming cell, field, range and what came */
export function parseStudy(value: unknown): Study {
  const where = { name: "study", code: "CONFIG_INVALID", secret: ["apiKeyEnv"] } as const;
  const study = parseWith(studySchema, value, where);
  gridOf(study);
  return study;
}

/** What a study's result depends on: all of it but where its servers' API keys are. */
export function identityOfStudy(study: Study): Study {
  const own = structuredClone(study);
  const { served } = own.material;
  for (const server of served === undefined ? [] : [served.unmarked, ...served.marked])
    delete server.apiKeyEnv;
  return own;
}
