/** What a running instance knows of the registry: it is read again and again, and outlives the database for a while. */
import type { Key, Profile } from "@verdigris/core";
import { Clients } from "../detection/access.js";
import type { DetectableMark } from "../detection/marks.js";
import { tell } from "../errors.js";
import type { ResolveTenant, Tenant } from "../serve/tenants.js";
import { type Epoch, scopeText, stateOf } from "./epoch.js";
import { type RegisteredTenant, type Registry, type Snapshot, scopeOf } from "./registry.js";

/** How an instance reads its registry. */
export interface RegistryViewOptions {
  /** The profiles that tenants are registered with, each with its digest. Their key is left open. */
  readonly profiles: readonly { readonly profile: Profile; readonly digest: string }[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds after which a snapshot is read again. Default 5,000. */
  readonly refresh?: number;
  /** Milliseconds for which an old snapshot serves while the database is down. Default 600,000. */
  readonly stale?: number;
  /**
   * Milliseconds by which instances' clocks may differ: an epoch that begins so soon is tested for, because another instance
   * may mark with it already. Default 60,000.
   */
  readonly skew?: number;
  readonly onError?: (error: unknown) => void;
}

/** A snapshot, ready to be asked. */
interface Held {
  readonly snapshot: Snapshot;
  readonly clients: Clients;
  /** When it was read. */
  readonly at: number;
}

/** Tenants and keys in force, without asking the database for each request. */
export class RegistryView {
  readonly #registry: Registry;
  readonly #options: Required<Omit<RegistryViewOptions, "onError">> &
    Pick<RegistryViewOptions, "onError">;
  #held: Held | null = null;
  #reading: Promise<void> | null = null;
  readonly #keys = new Map<string, Key>();

  /** @throws RangeError for a profile that is bound to one key, or two of one id */
  constructor(registry: Registry, options: RegistryViewOptions) {
    const ids = options.profiles.map(({ profile }) => profile.id);
    for (const { profile } of options.profiles) {
      if (profile.keyId !== null) {
        throw new RangeError(
          `profiles: expected a key left open (keyId null) in ${profile.id}, got ${profile.keyId}`,
        );
      }
    }
    if (new Set(ids).size < ids.length) {
      throw new RangeError(`profiles: expected different ids, got ${ids.join(", ")}`);
    }
    this.#registry = registry;
    this.#options = { refresh: 5000, stale: 600_000, skew: 60_000, ...options };
  }

  /** Finds the tenant of a request and the mark that is in force. Rejects while nothing is known for too long. */
  readonly resolveTenant: ResolveTenant = async ({ headers }) => {
    const { snapshot, clients } = await this.#current();
    const name = clients.find(headers.get("authorization"));
    const tenant = snapshot.tenants.find((registered) => registered.name === name);
    return tenant === undefined ? null : this.#markOf(tenant, snapshot);
  };

  /** A mark to test for of each epoch that has begun, the latest first; `scope` and `state` say whose and how it stands. */
  async marks(): Promise<
    readonly (DetectableMark & { readonly scope: string; readonly epoch: Epoch })[]
  > {
    const { snapshot } = await this.#current();
    const latest = this.#options.now() + this.#options.skew;
    const begun = snapshot.epochs.filter((epoch) => stateOf(epoch, latest) !== "pending");
    return begun
      .toSorted((a, b) => b.startsAt - a.startsAt)
      .flatMap((epoch) =>
        profilesOf(snapshot, epoch, this.#options).map(({ profile }) => ({
          profile: { ...profile, keyId: epoch.keyId },
          key: this.#keyOf(epoch),
          scope: scopeText(epoch.scope),
          epoch,
        })),
      );
  }

  #markOf(tenant: RegisteredTenant, { epochs }: Snapshot): Tenant {
    const scope = scopeText(scopeOf(tenant));
    const epoch = epochs.findLast(
      (one) => scopeText(one.scope) === scope && stateOf(one, this.#options.now()) === "active",
    );
    const known = this.#options.profiles.find(({ profile }) => profile.id === tenant.profile);
    if (epoch === undefined) throw new Error(`registry: no active epoch of ${scope}`);
    if (known === undefined)
      throw new Error(`registry: profile ${tenant.profile} is not served here`);
    const { name, group, machineToMachine, fewestTokens } = tenant;
    return { ...known, key: this.#keyOf(epoch), name, group, machineToMachine, fewestTokens };
  }

  /** Keys are derived once: HKDF takes longer than all the rest. */
  #keyOf(epoch: Epoch): Key {
    const name = `${scopeText(epoch.scope)}#${epoch.number}`;
    const key = this.#keys.get(name) ?? this.#registry.key(epoch);
    this.#keys.set(name, key);
    return key;
  }

  async #current(): Promise<Held> {
    const { now, refresh, stale } = this.#options;
    // A clock that was set back: the snapshot's age is unknown, so it is read again now.
    if (this.#held !== null && now() < this.#held.at) {
      this.#held = { ...this.#held, at: now() - refresh };
    }
    const age = this.#held === null ? Infinity : now() - this.#held.at;
    if (age >= refresh) this.#reading ??= this.#read().finally(() => (this.#reading = null));
    // A snapshot that is still good serves while the next one is read.
    if (this.#held === null || age >= stale) await this.#reading;
    const held = this.#held;
    if (held === null || now() - held.at >= stale) throw new Error("registry: cannot be read");
    return held;
  }

  async #read(): Promise<void> {
    try {
      const snapshot = await this.#registry.snapshot();
      const clients = new Clients(snapshot.tenants);
      this.#held = { snapshot, clients, at: this.#options.now() };
    } catch (error) {
      tell(this.#options.onError, error);
    }
  }
}

/** The profiles that a scope's tenants were marked with. */
function profilesOf(
  { tenants }: Snapshot,
  { scope }: Epoch,
  { profiles }: Pick<RegistryViewOptions, "profiles">,
): RegistryViewOptions["profiles"] {
  const mine = tenants.filter((tenant) => scopeText(scopeOf(tenant)) === scopeText(scope));
  const ids = new Set(mine.map((tenant) => tenant.profile));
  return profiles.filter(({ profile }) => ids.has(profile.id));
}
