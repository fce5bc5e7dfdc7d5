/** Whose answers carry which mark. */
import type { Key, Profile } from "@verdigris/core";
import { type ApiClient, Clients } from "../detection/access.js";

/** A tenant, with the mark that is in force. */
export interface Tenant {
  /** Goes into records. */
  readonly name: string;
  readonly profile: Profile;
  /** SHA-256 of the profile, to be found again when it changes. */
  readonly digest: string;
  readonly key: Key;
  /** Answers that no person reads: they go unmarked. Default false. */
  readonly machineToMachine?: boolean;
  /** Answers limited to fewer tokens go unmarked. Default 0: none. */
  readonly fewestTokens?: number;
}

/** Finds the tenant of a request; null if it is nobody's. Asked once for each request. */
export type ResolveTenant = (request: Request) => Tenant | null | Promise<Tenant | null>;

/** Tenants that do not change, each with the SHA-256 of its API key. @throws RangeError for a digest that is none */
export function fixedTenants(
  tenants: readonly (Tenant & Pick<ApiClient, "apiKeySha256">)[],
): ResolveTenant {
  const clients = new Clients(tenants);
  const byName = new Map(tenants.map((tenant) => [tenant.name, tenant]));
  return ({ headers }) => byName.get(clients.find(headers.get("authorization")) ?? "") ?? null;
}
