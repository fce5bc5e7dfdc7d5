/** The forms of what `monitor` saw. */
import { type Figure, gaugesText } from "@verdigris/gateway/metrics";
import { compact, count, plural } from "@verdigris/survival/page";
import type {
  Alert,
  AuditTokens,
  GroupForecast,
  GroupRow,
  MonitorJson,
  MonitorLine,
} from "./monitor-schema.js";

/** One look at all collections. */
export interface MonitorResult {
  readonly groups: readonly GroupRow[];
  readonly alerts: readonly Alert[];
  /** Kind of student that is forecast; null without a forecast. */
  readonly student: string | null;
}

export const monitorFormats = {
  text,
  json,
  jsonl,
  prometheus,
} as const satisfies Readonly<
  Record<string, (result: MonitorResult) => Iterable<string> | AsyncIterable<string>>
>;

/** Name of a format. */
export type MonitorFormat = keyof typeof monitorFormats;

const NOTICE =
  "A forecast is a plan, not evidence about anybody. Group keys are what survives collection through many accounts " +
  "(24,000 in one dispute); single accounts' keys are not: each shows only its account's share of the evidence.";

/** Accounts listed for each group. */
const LISTED = 5;

function* json({ groups, alerts, student }: MonitorResult): Generator<string> {
  const all: MonitorJson = { version: 1, student, groups, alerts, notice: NOTICE };
  yield `${JSON.stringify(all, null, 2)}\n`;
}

function* jsonl({ alerts }: MonitorResult): Generator<string> {
  for (const alert of alerts) yield alertLine("alert", alert);
}

/** A line of JSON: an alert that holds, or that holds no more. */
export function alertLine(kind: MonitorLine["kind"], alert: Alert): string {
  const line: MonitorLine = { version: 1, kind, ...alert };
  return `${JSON.stringify(line)}\n`;
}

function* text(result: MonitorResult): Generator<string> {
  for (const group of result.groups) yield* groupText(group, result.student);
  for (const { alert, group, tenant, figures } of result.alerts) {
    const whose = tenant === null ? `group ${group}` : `tenant ${tenant} of ${group}`;
    const shown = Object.entries(figures).map(
      ([name, value]) => `${name} ${value < 1 ? compact(value) : count(value)}`,
    );
    yield `ALERT ${alert}: ${whose}, ${shown.join(", ")}\n`;
  }
  yield result.groups.length === 0 ? "Nothing has been collected.\n" : `\n${NOTICE}\n`;
}

function* groupText(row: GroupRow, student: string | null): Generator<string> {
  const { group, profile, tenants, keys, forecast } = row;
  yield `Group ${group} (${profile}): ${plural(tenants.length, "account")}, marked with ${plural(keys.length, "key")}\n`;
  yield (
    `  collected ${plural(row.answers, "answer")}, ${plural(row.tokens, "token")}, ${percent(row.markedTokens / Math.max(1, row.tokens))} of them marked; ` +
    `${percent(row.promptNovelty)} of what was asked is new; ${percent(row.coverage)} of all windows served\n`
  );
  if (forecast !== null) yield* forecastText(row, forecast, student);
  for (const { tenant, answers, tokens, share, promptNovelty } of tenants.slice(0, LISTED)) {
    yield `  ${tenant}: ${plural(answers, "answer")}, ${plural(tokens, "token")} (${percent(share)}), ${percent(promptNovelty)} new\n`;
  }
  if (tenants.length > LISTED) yield `  and ${plural(tenants.length - LISTED, "account")} more\n`;
}

function* forecastText(
  { tenants, keys }: GroupRow,
  { groupKey, accountKey, asServed, windows, isCrowded }: GroupForecast,
  student: string | null,
): Generator<string> {
  const [accounts, used] = [tenants.length, keys.length];
  const now = used === 1 ? ", as it was marked" : "";
  yield `  if this group trains on what it has collected (${student}), the mark would be provable after\n`;
  yield `    ${required(groupKey)} under one key of the group${now}\n`;
  if (accounts > 1) {
    yield `    ${required(accountKey)} under a key for each of ${count(accounts)} accounts: what the largest one's shows\n`;
  }
  if (used > 1) yield `    ${required(asServed)} under the ${count(used)} keys that were used\n`;
  if ((groupKey?.value ?? 0) > windows) {
    yield `    (the audit's text has ${plural(windows, "window")}: beyond them nothing is promised)\n`;
  }
  if (isCrowded) {
    yield "    (too many windows for the sketch: these are lower bounds)\n";
  }
}

function required(tokens: AuditTokens): string {
  if (tokens === null) return "no number of audit tokens";
  const rounded = (value: number): string => count(Number(value.toPrecision(3)));
  const { value, lower, upper } = tokens;
  return `${rounded(value)} audit tokens [${rounded(lower)}, ${upper === null ? "∞" : rounded(upper)}]`;
}

function percent(share: number): string {
  return `${compact(100 * share, 2)} %`;
}

async function* prometheus({ groups, alerts }: MonitorResult): AsyncGenerator<string> {
  const named = ({ group, profile }: GroupRow): Record<string, string> => ({ group, profile });
  const figure = (name: string, help: string, value: (row: GroupRow) => number): Figure => ({
    name: `verdigris_collection_${name}`,
    help,
    values: groups.map((row) => ({ labels: named(row), value: value(row) })),
  });
  const keys = ["groupKey", "accountKey", "asServed"] as const;
  const audits = groups.flatMap((row) =>
    row.forecast === null ? [] : keys.map((key) => ({ row, key, tokens: row.forecast?.[key] })),
  );
  yield await gaugesText([
    figure("answers", "Answers collected.", ({ answers }) => answers),
    figure("tokens", "Tokens collected.", ({ tokens }) => tokens),
    figure("accounts", "Accounts of the group.", ({ tenants }) => tenants.length),
    figure(
      "prompt_novelty_ratio",
      "Share of what was asked that was new.",
      (row) => row.promptNovelty,
    ),
    figure("window_coverage_ratio", "Share of all windows served.", ({ coverage }) => coverage),
    {
      name: "verdigris_collection_audit_tokens",
      help: "Audit tokens after which the mark would be provable, under one key, a key for each account, or the keys used.",
      values: audits.map(({ row, key, tokens }) => ({
        labels: { ...named(row), keys: key },
        value: tokens?.value ?? Infinity,
      })),
    },
    {
      name: "verdigris_collection_alert",
      help: "1 for each alert that holds.",
      values: alerts.map(({ alert, group, profile, tenant }) => ({
        labels: { alert, group, profile, tenant: tenant ?? "" },
        value: 1,
      })),
    },
  ]);
}
