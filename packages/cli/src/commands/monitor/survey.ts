/** Who collected how much, and what that would show. */
import type { DistinctCount } from "@verdigris/detector";
import { type Collected, collections } from "@verdigris/gateway/collection";
import type { GroupForecast, GroupRow, TenantRow } from "../../formats/monitor-schema.js";
import type { Forecaster, Outlook } from "./forecaster.js";

/** What somebody has collected, before it is known how much was served in all. */
type Figures = Omit<TenantRow, "tenant" | "share" | "coverage" | "auditTokens">;

/** What is known before all is read: how much was served in all comes last. */
interface Draft {
  readonly digest: string;
  readonly row: Omit<GroupRow, "coverage" | "tenants" | "forecast">;
  readonly tenants: readonly (Figures & { readonly tenant: string })[];
  readonly outlook: Outlook | null;
}

/** Reads the collections of all instances; a group's are in memory together. @throws VerdigrisError FILE_* */
export async function surveyGroups(
  directories: readonly string[],
  forecaster: Forecaster | null,
): Promise<readonly GroupRow[]> {
  const drafts: Draft[] = [];
  const served = new Map<string, DistinctCount>();
  for await (const { all, ...read } of groupsIn(collections(directories))) {
    const { group, profile } = all.scope;
    const { id, digest } = profile;
    const row = { group, profile: id, keys: read.keys, ...figuresOf(all) };
    const outlook = (await forecaster?.outlook(all)) ?? null;
    drafts.push({ digest, row, tenants: read.tenants, outlook });
    const others = served.get(digest);
    others?.merge(all.windows);
    if (others === undefined) served.set(digest, all.windows);
  }
  const sizes = new Map([...served].map(([digest, windows]) => [digest, windows.estimate]));
  const rows = drafts.map((draft) =>
    rowOf(draft, { served: sizes.get(draft.digest) ?? 0, groups: drafts.length }),
  );
  return rows.toSorted((a, b) => b.tokens - a.tokens || (a.group < b.group ? -1 : 1));
}

/** A group's collections: what its keys got, merged, and what each tenant got. */
interface Group {
  readonly all: Collected;
  readonly keys: { readonly keyId: string; readonly answers: number }[];
  readonly tenants: (Figures & { readonly tenant: string })[];
}

/** Collections of a group come one after the other, its keys first. */
async function* groupsIn(all: AsyncIterable<Collected>): AsyncGenerator<Group> {
  let open: Group | null = null;
  for await (const collected of all) {
    const { group, profile, by } = collected.scope;
    const before: Collected["scope"] | undefined = open?.all.scope;
    const isSame = before?.group === group && before.profile.digest === profile.digest;
    if (open !== null && !isSame) yield open;
    if (open === null || !isSame) open = { all: collected, keys: [], tenants: [] };
    if (by.kind === "tenant") {
      open.tenants.push({ tenant: by.tenant, ...figuresOf(collected) });
    } else {
      open.keys.push({ keyId: by.keyId, answers: collected.volume.answers });
      if (open.all !== collected) open.all.merge(collected);
    }
  }
  if (open !== null) yield open;
}

function figuresOf({ volume, prompts, windows }: Collected): Figures {
  const { answers, tokens, markedTokens, promptWindows } = volume;
  return {
    answers,
    tokens,
    markedTokens,
    promptNovelty: shareOf(prompts.estimate, promptWindows),
    distinctWindows: Math.round(windows.estimate),
  };
}

function rowOf(
  { row, tenants, outlook }: Draft,
  { served, groups }: { readonly served: number; readonly groups: number },
): GroupRow {
  const all = tenants.reduce((sum, { tokens }) => sum + tokens, 0);
  const rows = tenants
    .map((tenant) => {
      const share = shareOf(tenant.tokens, all);
      // Whoever looks for one account among all of them pays for all their keys.
      const auditTokens = outlook?.tokens(share, groups * tenants.length);
      const own = { ...tenant, share, coverage: shareOf(tenant.distinctWindows, served) };
      return outlook === null ? own : { ...own, auditTokens: auditTokens ?? null };
    })
    .toSorted((a, b) => b.tokens - a.tokens || (a.tenant < b.tenant ? -1 : 1));
  return {
    ...row,
    coverage: shareOf(row.distinctWindows, served),
    tenants: rows,
    forecast:
      outlook === null ? null : forecastOf(outlook, { rows, groups, keys: row.keys.length }),
  };
}

function forecastOf(
  outlook: Outlook,
  { rows, groups, keys }: { rows: readonly TenantRow[]; groups: number; keys: number },
): GroupForecast {
  const { excess, isCrowded, windows } = outlook;
  return {
    excess,
    isCrowded,
    windows,
    groupKey: outlook.tokens(1, groups),
    accountKey: rows[0]?.auditTokens ?? null,
    // Stouffer's sum over K keys: each shows its share, and their noise adds up to √K.
    asServed: outlook.tokens(1 / Math.sqrt(Math.max(1, keys)), groups),
  };
}

/** Estimates are a little off: no share is above 1. */
function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.min(1, part / whole);
}
