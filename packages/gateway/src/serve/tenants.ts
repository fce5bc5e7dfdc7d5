/** Whose answers carry which mark. */
import type { Key, Profile } from "@verdigris/core";
import { type ApiClient, Clients } from "../detection/access.js";
import { type ApiError, RequestError, tell } from "../errors.js";
import type { UpstreamMark } from "../marks/mark.js";
import type { Policy } from "../policy.js";

/** A tenant, with the mark that is in force. */
export interface Tenant {
  /** Goes into records. */
  readonly name: string;
  /** Accounts that are thought to be one customer. Default: this account alone. */
  readonly group?: string;
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

/** @throws RequestError 503 if who asks cannot be found out: an answer without a tenant would carry nobody's mark */
export async function tenantOf(
  request: Request,
  options: {
    readonly resolveTenant: ResolveTenant;
    readonly onError?: (error: unknown) => void;
  },
): Promise<Tenant | null> {
  try {
    return await options.resolveTenant(request);
  } catch (error) {
    tell(options.onError, error);
    throw new RequestError(NO_TENANTS);
  }
}

/** A tenant's policy, with the way its answers are marked. */
export function policyOf(tenant: Tenant, mark: UpstreamMark): Policy {
  const { name, profile, digest, key, machineToMachine = false, fewestTokens = 0 } = tenant;
  return {
    mark,
    profile: { id: profile.id, digest },
    keyId: key.id,
    tenant: name,
    machineToMachine,
    fewestTokens,
  };
}

const NO_TENANTS: ApiError = {
  status: 503,
  message: "it cannot be found out now whose request this is; try again later",
  type: "api_error",
  code: "tenants_unavailable",
};
