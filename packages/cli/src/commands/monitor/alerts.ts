import type { Alert, AuditTokens, GroupRow } from "../../formats/monitor-schema.js";
import { type AlertRule, CONDITIONS } from "./config.js";

type Measured = Pick<GroupRow, "answers" | "tokens" | "promptNovelty" | "coverage"> & {
  readonly auditTokens: AuditTokens | undefined;
};

/** The rules that hold, in the order of the rows. */
export function alertsOf(rows: readonly GroupRow[], rules: readonly AlertRule[]): readonly Alert[] {
  return rows.flatMap(({ group, profile, tenants, ...row }) =>
    rules.flatMap((rule): readonly Alert[] => {
      const whose =
        rule.of === "group"
          ? [{ ...row, tenant: null, auditTokens: row.forecast?.asServed }]
          : tenants.map((tenant) => ({ ...tenant, auditTokens: tenant.auditTokens }));
      return whose.flatMap(({ tenant, ...measured }) => {
        const figures = held(rule, measured);
        return figures === null ? [] : [{ alert: rule.name, group, profile, tenant, figures }];
      });
    }),
  );
}

/** What a rule asked for, if all of it holds; else null. */
function held(rule: AlertRule, measured: Measured): Alert["figures"] | null {
  const asked = CONDITIONS.filter((name) => rule[name] !== undefined);
  const values = asked.map((name) => {
    const value = name === "auditTokens" ? measured.auditTokens?.value : measured[name];
    return { name, value: value ?? null, limit: rule[name] as number };
  });
  const isHeld = values.every(({ name, value, limit }) => {
    if (value === null) return false;
    return name === "auditTokens" ? value <= limit : value >= limit;
  });
  if (!isHeld) return null;
  return Object.fromEntries(values.map(({ name, value }) => [name, value]));
}
