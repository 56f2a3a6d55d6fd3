import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Knex } from "knex";
import { InvalidError } from "../errors.ts";
import type { Database } from "./database.ts";
import { adoptFormerMigrations } from "./former-migrations.ts";

const folder = new URL("../../migrations/", import.meta.url);

/**
 * Reads migrations/ in the order of the file names. Names are stored without their extension, so that deployments of
 * compiled JavaScript and of TypeScript agree on what has been applied.
 */
const migrationSource: Knex.MigrationSource<string> = {
  getMigrations: () =>
    Promise.resolve(
      readdirSync(folder)
        .filter((file) => /^\d{14}_.*\.[jt]s$/.test(file))
        .map((file) => file.replace(/\.[jt]s$/, ""))
        .sort(),
    ),
  getMigrationName: (name) => name,
  getMigration: async (name) => {
    const file = readdirSync(folder).find((candidate) => candidate.replace(/\.[jt]s$/, "") === name);
    return (await import(new URL(file ?? name, folder).href)) as Knex.Migration;
  },
};

const config: Knex.MigratorConfig = { migrationSource };
/** For looking at a database that may still have the former migrations, which knex takes for missing files. */
const unvalidated: Knex.MigratorConfig = { migrationSource, disableMigrationsListValidation: true };

const lockedWaitMs = 60_000;

/** The database was migrated by other code: it has migrations of which this code has no file. */
export class UnknownMigrationsError extends InvalidError {
  override name = "UnknownMigrationsError";
  constructor(names: readonly string[]) {
    super(
      `The database has migrations that migrations/ lacks: ${names.join(", ")}. Restore these files, or use another database.`,
    );
  }
}

/**
 * Applies pending migrations and returns their names. Concurrent callers wait for the first. Throws
 * UnknownMigrationsError if the database has been migrated by other code. If knex's lock is not released within a minute,
 * its holder has probably died: throws knex's error, for the operator to unlock.
 */
export async function migrate(database: Database): Promise<string[]> {
  await createBookkeeping(database);
  const unknown = await unknownMigrations(database);
  if (unknown.length > 0) throw new UnknownMigrationsError(unknown);
  for (const deadline = Date.now() + lockedWaitMs; ; await sleep(250)) {
    try {
      const [, applied] = (await database.sql().migrate.latest(config)) as [number, string[]];
      return applied;
    } catch (error) {
      const locked = error instanceof Error && error.message.includes("Migration table is already locked");
      if (!locked || Date.now() > deadline) throw error;
    }
  }
}

/**
 * Creates knex's own tables under a lock. knex checks before it creates them, so concurrent callers would fail, or leave
 * two rows in its lock table, which could then never be locked.
 */
async function createBookkeeping(database: Database): Promise<void> {
  await database.sql().transaction(async (trx) => {
    // Serialise callers: by SQLite's write lock, or by an advisory lock of PostgreSQL.
    const oneAtATime = "pragma user_version = 0";
    await trx.raw(database.engine === "sqlite" ? oneAtATime : "select pg_advisory_xact_lock(20261101)");
    if (database.schema !== null) await createSchema(trx, database.schema);
    await trx.migrate.list(unvalidated);
    await adoptFormerMigrations(trx, await migrationSource.getMigrations([]));
  });
}

async function unknownMigrations(database: Database): Promise<string[]> {
  const known = new Set(await migrationSource.getMigrations([]));
  const applied: { name: string }[] = await database.sql()("knex_migrations").select("name").orderBy("id");
  return applied.map(({ name }) => name).filter((name) => !known.has(name));
}

/** Asks first: `create schema if not exists` needs the right to create schemas also where there is nothing to create. */
async function createSchema(trx: Knex.Transaction, schema: string): Promise<void> {
  const existing = await trx("pg_catalog.pg_namespace").where("nspname", schema).first("nspname");
  if (!existing) await trx.raw("create schema ??", [schema]);
}

/** Releases the lock of a migration that was killed. */
export async function unlockMigrations(database: Database): Promise<void> {
  await database.sql().migrate.forceFreeMigrationsLock(config);
}

/** Rolls back every migration, newest first, which drops all data. For development and tests. */
export async function rollBackAll(database: Database): Promise<void> {
  await database.sql().migrate.rollback(config, true);
}

/** Returns how many migrations are applied, and the names of the pending ones. */
export async function migrationState(database: Database): Promise<{ applied: number; pending: string[] }> {
  // Don't let knex create its tables: a migration may be running elsewhere.
  if (!(await database.sql().schema.hasTable("knex_migrations"))) {
    return { applied: 0, pending: await migrationSource.getMigrations([]) };
  }
  const [applied, pending] = (await database.sql().migrate.list(unvalidated)) as [unknown[], string[]];
  return { applied: applied.length, pending };
}

// demo only {
/** The tenants' slugs; none if the database has no tenants, or is not this application's. For the demo. */
export async function slugsOf(database: Database): Promise<string[]> {
  if (!(await database.sql().schema.hasTable("tenants"))) return [];
  const rows: { slug: string }[] = await database.sql()("tenants").select("slug");
  return rows.map(({ slug }) => slug);
}

/**
 * Drops every table of the database (of the schema, on PostgreSQL), whichever code created it. For the demo, whose database
 * may have migrations that this code cannot roll back.
 */
export async function dropTables(database: Database): Promise<void> {
  const knex = database.sql();
  const isSqlite = database.engine === "sqlite";
  const tables: { name: string }[] = isSqlite
    ? await knex("sqlite_master").select("name").where({ type: "table" }).whereNot("name", "like", "sqlite_%")
    : await knex("pg_tables").select("tablename as name").whereRaw("schemaname = current_schema()");
  // SQLite has no CASCADE: with foreign keys on, a table cannot go before those that refer to its rows.
  if (isSqlite) await knex.raw("pragma foreign_keys = off");
  try {
    for (const { name } of tables)
      await knex.raw(isSqlite ? "drop table if exists ??" : "drop table if exists ?? cascade", [name]);
  } finally {
    if (isSqlite) await knex.raw("pragma foreign_keys = on");
  }
}
// demo only }
