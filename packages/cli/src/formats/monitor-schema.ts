/** What `monitor` prints as JSON and JSON lines, version 1: the same promise as `score`'s. */
import * as z from "zod";
import { CONDITIONS } from "../commands/monitor/config.js";
import { requiredTokensSchema } from "./forecast-schema.js";

const count = z.int().min(0);
const share = z.number().min(0).max(1);
const id = z.string().describe("Id of the profile.");

const figures = {
  answers: count,
  tokens: count,
  markedTokens: count.describe(
    "Those of answers with a mark; before an engine, asked to have one.",
  ),
  promptNovelty: share.describe("Part of the windows of eight prompt tokens that was new."),
  distinctWindows: count.describe("Different windows of marked answers, approximately."),
  coverage: share.describe("Their part of all that were served to anybody under the profile."),
};

const tenantSchema = z.object({
  tenant: z.string(),
  ...figures,
  share: share.describe("Part of the group's tokens."),
  auditTokens: requiredTokensSchema
    .exactOptional()
    .describe("If it had a key of its own, and that were looked for among all accounts' keys."),
});

const forecastSchema = z.object({
  excess: z.number().describe("Mean excess score of the marked answers when they were given out."),
  isCrowded: z
    .boolean()
    .describe("Whether the figures are lower bounds: more windows than counters."),
  windows: count.describe("Windows of the auditor's text: what takes more is not promised."),
  groupKey: requiredTokensSchema.describe("All answers under one key."),
  accountKey: requiredTokensSchema.describe(
    "A key for each account: what the largest one's shows.",
  ),
  asServed: requiredTokensSchema.describe("The keys that were used, the evidence of all added up."),
});

const groupSchema = z.object({
  group: z.string(),
  profile: id,
  keys: z
    .array(z.object({ keyId: z.string().describe("Public id of the key."), answers: count }))
    .readonly(),
  ...figures,
  tenants: z.array(tenantSchema).readonly().describe("The largest first."),
  forecast: forecastSchema
    .nullable()
    .describe("Null without an auditor's text, or without a mark."),
});

const alertSchema = z.object({
  alert: z.string().describe("Name of the rule."),
  group: z.string(),
  profile: id,
  tenant: z.string().nullable().describe("Null for a group."),
  figures: z.partialRecord(z.enum(CONDITIONS), z.number()).describe("What the rule asked for."),
});

const version = z.literal(1).describe("Version of this schema.");

/** `monitor --format json`. */
export const monitorSchema = z
  .object({
    version,
    student: z.string().nullable().describe("Kind of student; null without a forecast."),
    groups: z.array(groupSchema).readonly().describe("The largest first."),
    alerts: z.array(alertSchema).readonly().describe("Those that hold."),
    notice: z.string().describe("What a forecast says, and what it does not."),
  })
  .meta({ title: "What `verdigris monitor --format json` prints, version 1" });

/** One line of `monitor --format jsonl`, and of `monitor --every`. */
export const monitorLineSchema = z
  .object({
    version,
    kind: z.enum(["alert", "over"]).describe("It holds, or began to; or it holds no more."),
    ...alertSchema.shape,
  })
  .meta({ title: "A line of `verdigris monitor --format jsonl` or `--every`, version 1" });

export type MonitorJson = z.infer<typeof monitorSchema>;
export type MonitorLine = z.infer<typeof monitorLineSchema>;
/** A rule that holds of a group or a tenant, with the figures that it asked for. */
export type Alert = Readonly<z.infer<typeof alertSchema>>;
/** A group under one profile. */
export type GroupRow = Readonly<z.infer<typeof groupSchema>>;
/** One account. */
export type TenantRow = Readonly<z.infer<typeof tenantSchema>>;
/** The same collection under three ways to give out keys. */
export type GroupForecast = Readonly<z.infer<typeof forecastSchema>>;
/** Audit tokens after which the mark would be provable; null: no number of them. */
export type AuditTokens = z.infer<typeof requiredTokensSchema>;
