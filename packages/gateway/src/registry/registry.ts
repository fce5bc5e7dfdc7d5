/** Tenants and the epochs of their keys, without a secret: keys are derived from the master key, which stays outside. */
import { type Key, VerdigrisError } from "@verdigris/core";
import { type Database, type Tables, isDuplicate, openDatabase } from "./database.js";
import { type Epoch, type Scope, keyPath, parseScope, scopeText } from "./epoch.js";

/** Which key marks a tenant's answers: its own, its group's or the provider's. */
export type Level = Scope["kind"];

/** A tenant as it is registered. */
export interface RegisteredTenant {
  readonly name: string;
  /** Accounts that are thought to be one customer. */
  readonly group: string;
  readonly level: Level;
  /** Id of the profile its answers are marked with. */
  readonly profile: string;
  /** SHA-256 of its API key, 64 hex digits. */
  readonly apiKeySha256: string;
  readonly machineToMachine: boolean;
  readonly fewestTokens: number;
}

/** Everything that is registered, at one moment. */
export interface Snapshot {
  readonly tenants: readonly RegisteredTenant[];
  readonly epochs: readonly Epoch[];
}

/** How to open a registry. */
export interface RegistryOptions {
  /** `sqlite:FILE` or `postgres://…`. */
  readonly url: string;
  readonly provider: string;
  readonly master: Key;
}

/** A provider's registry. Several instances may use one PostgreSQL database; times are milliseconds since 1970. */
export class Registry {
  readonly provider: string;
  readonly #master: Key;
  readonly #database: Database;

  private constructor({ provider, master }: RegistryOptions, database: Database) {
    this.provider = provider;
    this.#master = master;
    this.#database = database;
  }

  /**
   * Opens a registry, and makes it where there is none.
   * @throws VerdigrisError KEY_INVALID if it was made with another master key, PEER_MISSING without the driver
   */
  static async open(options: RegistryOptions): Promise<Registry> {
    const { provider, master } = options;
    checkNames({ provider });
    if (master.isPeer) throw new VerdigrisError("KEY_INVALID", "master: expected 64 hex digits");
    const database = await openDatabase(options.url);
    try {
      await claim(database, { provider, master_id: master.id });
    } catch (error) {
      await database.destroy();
      throw error;
    }
    return new Registry(options, database);
  }

  /** Registers a tenant, and the first epoch of the key that marks its answers. @throws RangeError if it is there */
  async addTenant(tenant: RegisteredTenant, now: number): Promise<Epoch> {
    checkTenant(tenant);
    const scope = scopeOf(tenant);
    try {
      await this.#database.insertInto("tenants").values(tenantRow(tenant)).execute();
    } catch (cause) {
      if (!isDuplicate(cause)) throw cause;
      const message = `tenant: expected a new name and API key, got ${tenant.name}, or a key that is in use`;
      throw new RangeError(message, { cause });
    }
    const [known] = (await this.epochs(scope)).slice(-1);
    return known ?? (await this.rotate(scope, { after: 0, startsAt: now })).epoch;
  }

  /**
   * Plans the epoch that follows epoch `after`, and ends that one where it starts. Of two instances that do so at once
   * one makes it; the other gets what the first made, with `made` false.
   * @throws RangeError for an epoch that would start before the one it follows, or follows none
   */
  async rotate(
    scope: Scope,
    { after, startsAt }: { readonly after: number; readonly startsAt: number },
  ): Promise<{ readonly epoch: Epoch; readonly made: boolean }> {
    const epochs = await this.epochs(scope);
    checkFollows(epochs, { after, startsAt });
    const number = after + 1;
    const epoch = { scope, number, keyId: this.#key(scope, number).id, startsAt };
    const row = { scope: scopeText(scope), number, key_id: epoch.keyId, starts_at: startsAt };
    try {
      // One statement: nobody waits for a lock, and whoever comes second fails.
      await this.#database.insertInto("epochs").values(row).execute();
      return { epoch: { ...epoch, endsAt: null, revokedAt: null }, made: true };
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      const made = (await this.epochs(scope)).find((other) => other.number === number);
      if (made === undefined) throw error;
      return { epoch: made, made: false };
    }
  }

  /** From `at` on, a key proves nothing. @throws RangeError if there is no such epoch */
  async revoke(scope: Scope, number: number, at: number): Promise<void> {
    const { numUpdatedRows } = await this.#database
      .updateTable("epochs")
      .set({ revoked_at: at })
      .where("scope", "=", scopeText(scope))
      .where("number", "=", number)
      .where("revoked_at", "is", null)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) {
      const message = `expected one that is not revoked, got ${number} of ${scopeText(scope)}`;
      throw new RangeError(`epoch: ${message}`);
    }
  }

  /** The epochs of a scope, or of all, in the order of their numbers. */
  async epochs(scope?: Scope): Promise<readonly Epoch[]> {
    let query = this.#database.selectFrom("epochs").selectAll();
    if (scope !== undefined) query = query.where("scope", "=", scopeText(scope));
    const rows = await query.orderBy("scope").orderBy("number").execute();
    return rows.map((row, i) => epochOf(row, rows[i + 1]));
  }

  /** All tenants and epochs. */
  async snapshot(): Promise<Snapshot> {
    const rows = await this.#database.selectFrom("tenants").selectAll().orderBy("name").execute();
    return { tenants: rows.map(tenantOf), epochs: await this.epochs() };
  }

  /** The key of an epoch. @throws VerdigrisError KEY_INVALID unless it is the one that was registered */
  key({ scope, number, keyId }: Epoch): Key {
    const key = this.#key(scope, number);
    if (key.id === keyId) return key;
    const name = `epoch ${number} of ${scopeText(scope)}`;
    throw new VerdigrisError("KEY_INVALID", `${name}: expected key ${keyId}, derived ${key.id}`);
  }

  close(): Promise<void> {
    return this.#database.destroy();
  }

  #key(scope: Scope, number: number): Key {
    return this.#master.derive(keyPath(this.provider, scope, number));
  }
}

/** Whose key marks a tenant's answers. */
export function scopeOf({ level, group, name }: RegisteredTenant): Scope {
  if (level === "provider") return { kind: level };
  return level === "group" ? { kind: level, group } : { kind: level, group, tenant: name };
}

/** A registry belongs to one provider and one master key. */
async function claim(database: Database, mine: Omit<Tables["registry"], "id">): Promise<void> {
  await database
    .insertInto("registry")
    .values({ id: 1, ...mine })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .execute();
  const found = await database.selectFrom("registry").selectAll().executeTakeFirstOrThrow();
  if (found.provider === mine.provider && found.master_id === mine.master_id) return;
  throw new VerdigrisError(
    "KEY_INVALID",
    `registry: expected ${found.provider} with master key ${found.master_id}, got ${mine.provider} with ${mine.master_id}`,
  );
}

function checkTenant({ name, group, profile, apiKeySha256, fewestTokens }: RegisteredTenant): void {
  checkNames({ name, group, profile });
  if (!/^[0-9a-f]{64}$/i.test(apiKeySha256)) {
    throw new RangeError(`apiKeySha256: expected 64 hex digits for tenant ${name}`);
  }
  if (!(Number.isSafeInteger(fewestTokens) && fewestTokens >= 0)) {
    throw new RangeError(`fewestTokens: expected a whole number from 0, got ${fewestTokens}`);
  }
}

function checkNames(names: Readonly<Record<string, string>>): void {
  for (const [field, value] of Object.entries(names)) {
    if (/^[\w.-]{1,128}$/.test(value)) continue;
    const shown = JSON.stringify(value).slice(0, 80);
    throw new RangeError(`${field}: expected 1 to 128 letters, digits and ._-, got ${shown}`);
  }
}

function checkFollows(
  epochs: readonly Epoch[],
  { after, startsAt }: { readonly after: number; readonly startsAt: number },
): void {
  const before = epochs.find(({ number }) => number === after);
  if (after !== 0 && before === undefined) {
    throw new RangeError(`after: expected an epoch that is there, got ${after}`);
  }
  if (before !== undefined && startsAt <= before.startsAt) {
    throw new RangeError(
      `startsAt: expected a time after ${before.startsAt}, when epoch ${after} starts, got ${startsAt}`,
    );
  }
}

function tenantRow(tenant: RegisteredTenant): Tables["tenants"] {
  return {
    name: tenant.name,
    group_name: tenant.group,
    level: tenant.level,
    profile: tenant.profile,
    api_key_sha256: tenant.apiKeySha256.toLowerCase(),
    machine_to_machine: Number(tenant.machineToMachine),
    fewest_tokens: tenant.fewestTokens,
  };
}

function tenantOf(row: Tables["tenants"]): RegisteredTenant {
  return {
    name: row.name,
    group: row.group_name,
    level: row.level as Level,
    profile: row.profile,
    apiKeySha256: row.api_key_sha256,
    machineToMachine: row.machine_to_machine === 1,
    fewestTokens: row.fewest_tokens,
  };
}

/** An epoch ends where the next one of its scope starts. */
function epochOf(row: Tables["epochs"], next: Tables["epochs"] | undefined): Epoch {
  return {
    scope: parseScope(row.scope),
    number: row.number,
    keyId: row.key_id,
    startsAt: Number(row.starts_at),
    endsAt: next?.scope === row.scope ? Number(next.starts_at) : null,
    revokedAt: row.revoked_at === null ? null : Number(row.revoked_at),
  };
}
