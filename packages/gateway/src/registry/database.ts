/** The registry's tables, in SQLite or PostgreSQL. */
import { VerdigrisError } from "@verdigris/core";
import type { Dialect, Kysely } from "kysely";

/** Rows as they are stored. PostgreSQL returns its 64-bit numbers as text. */
export interface Tables {
  /** One row. */
  registry: { id: number; provider: string; master_id: string };
  tenants: {
    name: string;
    group_name: string;
    level: string;
    profile: string;
    api_key_sha256: string;
    machine_to_machine: number;
    fewest_tokens: number;
  };
  epochs: {
    scope: string;
    number: number;
    key_id: string;
    starts_at: number | string;
    revoked_at: number | string | null;
  };
}

export type Database = Kysely<Tables>;

/** How long a writer waits for another one, milliseconds. */
const BUSY_MS = 5000;

/**
 * Opens `sqlite:FILE` or `postgres://…` and makes the tables that are not there. The drivers, libsql and pg, are optional
 * peers. @throws RangeError for another address, VerdigrisError PEER_MISSING without the driver
 */
export async function openDatabase(url: string): Promise<Database> {
  // Loaded on demand, as the drivers are: reading a scope or a sealed key needs no database.
  const kysely = await import("kysely");
  const database: Database = new kysely.Kysely({ dialect: await dialectOf(url, kysely) });
  try {
    await createTables(database).catch((error: unknown) => {
      // Two instances that make the tables at once can meet in PostgreSQL's catalogue.
      if (isDuplicate(error)) return createTables(database);
      throw error;
    });
  } catch (error) {
    await database.destroy();
    throw error;
  }
  return database;
}

async function dialectOf(
  url: string,
  { PostgresDialect, SqliteDialect }: typeof import("kysely"),
): Promise<Dialect> {
  if (/^postgres(ql)?:\/\//.test(url)) {
    const { default: pg } = await driver("pg", () => import("pg"));
    const pool = new pg.Pool({ connectionString: url, connectionTimeoutMillis: BUSY_MS });
    // An idle connection that breaks is replaced at the next use.
    pool.on("error", () => {});
    return new PostgresDialect({ pool });
  }
  const file = /^sqlite:(.+)$/s.exec(url)?.[1];
  if (file === undefined) {
    // The address may hold a password.
    throw new RangeError("registry: expected sqlite:FILE or postgres://…, got another address");
  }
  const { default: Sqlite } = await driver("libsql", () => import("libsql"));
  const database = new Sqlite(file, { timeout: BUSY_MS });
  database.pragma("journal_mode = WAL");
  return new SqliteDialect({ database });
}

async function driver<M>(name: string, load: () => Promise<M>): Promise<M> {
  try {
    return await load();
  } catch (cause) {
    throw new VerdigrisError("PEER_MISSING", `the registry needs the package ${name}`, { cause });
  }
}

async function createTables({ schema }: Database): Promise<void> {
  await schema
    .createTable("registry")
    .ifNotExists()
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("provider", "text", (column) => column.notNull())
    .addColumn("master_id", "text", (column) => column.notNull())
    .execute();
  await schema
    .createTable("tenants")
    .ifNotExists()
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("group_name", "text", (column) => column.notNull())
    .addColumn("level", "text", (column) => column.notNull())
    .addColumn("profile", "text", (column) => column.notNull())
    .addColumn("api_key_sha256", "text", (column) => column.notNull().unique())
    .addColumn("machine_to_machine", "integer", (column) => column.notNull().defaultTo(0))
    .addColumn("fewest_tokens", "integer", (column) => column.notNull().defaultTo(0))
    .execute();
  await schema
    .createTable("epochs")
    .ifNotExists()
    .addColumn("scope", "text", (column) => column.notNull())
    .addColumn("number", "integer", (column) => column.notNull())
    .addColumn("key_id", "text", (column) => column.notNull())
    .addColumn("starts_at", "bigint", (column) => column.notNull())
    .addColumn("revoked_at", "bigint")
    .addPrimaryKeyConstraint("one_epoch", ["scope", "number"])
    .execute();
}

/** Whether an error says that a row with this key exists already. */
export function isDuplicate(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === "23505" || (typeof code === "string" && code.startsWith("SQLITE_CONSTRAINT"));
}
