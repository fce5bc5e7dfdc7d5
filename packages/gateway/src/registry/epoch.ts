/** Whose key it is, and when it is in force. */
import type { KeyPath } from "@verdigris/core";

/**
 * Whom one key belongs to. A mark of a group's key is found in what a student learned from all its accounts together; a
 * single tenant's share of that is too small to prove once the group is large.
 */
export type Scope =
  | { readonly kind: "provider" }
  | { readonly kind: "group"; readonly group: string }
  | { readonly kind: "tenant"; readonly group: string; readonly tenant: string };

/** A period of one scope's key. Times are milliseconds since 1970. */
export interface Epoch {
  readonly scope: Scope;
  /** 1, 2, …: enters the key's derivation. */
  readonly number: number;
  /** Public id of the key. */
  readonly keyId: string;
  readonly startsAt: number;
  /** Null until the next epoch is planned. */
  readonly endsAt: number | null;
  /** When the key ceased to prove anything; null if it did not. */
  readonly revokedAt: number | null;
}

/**
 * `pending` keys will mark, `active` ones do; `retired` ones are only tested for, and so are `revoked` ones: what was
 * marked before the revocation stays marked, but others may have marked since.
 */
export type EpochState = "pending" | "active" | "retired" | "revoked";

/** The state at a time; the clock is the caller's. */
export function stateOf({ startsAt, endsAt, revokedAt }: Epoch, now: number): EpochState {
  if (revokedAt !== null && now >= revokedAt) return "revoked";
  if (now < startsAt) return "pending";
  return endsAt !== null && now >= endsAt ? "retired" : "active";
}

/** The path of a scope's key under the provider's master key. */
export function keyPath(provider: string, scope: Scope, epoch: number): KeyPath {
  const { kind: _, ...names } = scope;
  return { provider, ...names, epoch: String(epoch) };
}

const NAME = /^[\w.-]{1,128}$/;

/** `provider`, `group:G` or `tenant:G/T`. @throws RangeError */
export function parseScope(text: string): Scope {
  if (text === "provider") return { kind: "provider" };
  const [kind, rest = ""] = text.split(/:(.*)/s);
  const [group = "", tenant, more] = rest.split("/");
  if (kind === "group" && tenant === undefined && NAME.test(group)) return { kind, group };
  const isTenant = kind === "tenant" && tenant !== undefined && more === undefined;
  if (isTenant && NAME.test(group) && NAME.test(tenant)) return { kind, group, tenant };
  throw new RangeError(
    `scope: expected provider, group:GROUP or tenant:GROUP/TENANT, got ${JSON.stringify(text.slice(0, 80))}`,
  );
}

/** The form `parseScope` reads. */
export function scopeText(scope: Scope): string {
  if (scope.kind === "provider") return scope.kind;
  return scope.kind === "group" ? `group:${scope.group}` : `tenant:${scope.group}/${scope.tenant}`;
}
