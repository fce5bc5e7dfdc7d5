/** What `verdigris monitor` looks at, and what it calls an alert. */
import { dirname, resolve } from "node:path";
import { parseWith } from "@verdigris/core";
import * as z from "zod";
import { readJsonFile } from "../../files.js";

const share = z.number().gt(0).max(1);
const amount = z.number().gt(0).max(1e15);
const alertSchema = z
  .strictObject({
    name: z.string().regex(/^[\w.-]{1,64}$/),
    of: z.enum(["group", "tenant"]).default("group"),
    answers: amount.optional().describe("At least so many answers."),
    tokens: amount.optional().describe("At least so many tokens."),
    promptNovelty: share.optional().describe("At least this share of what was asked is new."),
    coverage: share.optional().describe("At least this share of all windows ever served."),
    auditTokens: amount.optional().describe("Provable with at most so many audit tokens."),
  })
  .refine((alert) => CONDITIONS.some((name) => alert[name] !== undefined), {
    error: "expected a condition: answers, tokens, promptNovelty, coverage or auditTokens",
  });

/** What an alert may ask for; it fires where all it asks for holds. */
export const CONDITIONS = [
  "answers",
  "tokens",
  "promptNovelty",
  "coverage",
  "auditTokens",
] as const;

/** A threshold. */
export type AlertRule = Readonly<z.infer<typeof alertSchema>>;

const path = z.string().min(1);
const configSchema = z.strictObject({
  collected: z.array(path).min(1).describe("Directories of `--collected`: one for each disk."),
  forecast: z
    .strictObject({
      profiles: z.array(path).min(1),
      tokenizer: path.optional().describe("Default: the tokenizer.json beside each profile."),
      audit: z.array(path).min(1).describe("Texts like those that an auditor will have continued."),
      field: z.string().default("text"),
      windows: z.int().min(100).max(1e6).default(20_000),
      student: z.string().default("language-model"),
      students: path.optional().describe("Kinds of students (JSON), as of `forecast`."),
      rho: share.default(1).describe("Part of the thief's text that is from here."),
      alpha: z.number().gt(0).lt(0.5).default(1e-5),
      power: z.number().gt(0).lt(1).default(0.9),
    })
    .optional(),
  alerts: z.array(alertSchema).default([]),
});

/** The configuration; its paths start where the file lies. */
export type MonitorConfig = Readonly<z.infer<typeof configSchema>> & {
  readonly locate: (path: string) => string;
};

/** @throws VerdigrisError FILE_* or CONFIG_INVALID naming field, range and what came */
export async function readMonitorConfig(file: string): Promise<MonitorConfig> {
  const value = await readJsonFile(file);
  const config = parseWith(configSchema, value, { name: file, code: "CONFIG_INVALID" });
  const names = config.alerts.map(({ name }) => name);
  const repeated = names.find((name, i) => names.indexOf(name) !== i);
  if (repeated !== undefined) {
    throw new TypeError(`${file}.alerts: expected each name once, got ${repeated} twice`);
  }
  if (config.forecast === undefined && config.alerts.some((one) => one.auditTokens !== undefined)) {
    throw new TypeError(`${file}.forecast: expected it with an alert on auditTokens, got nothing`);
  }
  return { ...config, locate: (name) => resolve(dirname(file), name) };
}
