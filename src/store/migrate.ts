import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Knex } from "knex";
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

/**
 * Applies pending migrations and returns their names. Concurrent callers wait for the first. If knex's lock is not
 * released within a minute, its holder has probably died: throws knex's error, for the operator to unlock.
 */
export async function migrate(database: Database): Promise<string[]> {
  await createBookkeeping(database);
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

/** Asks first: `create schema if not exists` needs the right to create schemas also where there is nothing to create. */
async function createSchema(trx: Knex.Transaction, schema: string): Promise<void> {
  const existing = await trx("pg_catalog.pg_namespace").where("nspname", schema).first("nspname");
  if (!existing) await trx.raw("create schema ??", [schema]);
}

/** Releases the lock of a migration that was killed. */
export async function unlockMigrations(database: Database): Promise<void> {
  await database.sql().migrate.forceFreeMigrationsLock(config);
}

/** Rolls back every migration, newest first, which drops all data. For tests. */
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
