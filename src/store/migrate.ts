import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Knex } from "knex";
import type { Database } from "./database.ts";
import { adoptFormerMigrations } from "./former-migrations.ts";

const folder = new URL("../../migrations/", import.meta.url);

/**
 * Reads migrations/ by file name. Names are stored without their ending, so that a deployment which runs
 * compiled JavaScript and one which runs TypeScript agree on what has been applied.
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
 * Applies what is missing, and returns the names of what it applied. Of several callers one works and the
 * others wait; when the lock is not released within a minute, its holder died and an operator has to look.
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
 * Creates knex's own tables, of several callers once: knex looks and then creates, so two at once would fail, or leave
 * two rows in its lock table, which then can never be locked.
 */
async function createBookkeeping(database: Database): Promise<void> {
  await database.sql().transaction(async (trx) => {
    // Both wait for whoever was first: SQLite takes the write lock for any write, PostgreSQL a lock of this name.
    const oneAtATime = "pragma user_version = 0";
    await trx.raw(database.engine === "sqlite" ? oneAtATime : "select pg_advisory_xact_lock(20261101)");
    await trx.migrate.list(unvalidated);
    await adoptFormerMigrations(trx, await migrationSource.getMigrations([]));
  });
}

/** Takes away the lock that a migration left behind when it was killed. */
export async function unlockMigrations(database: Database): Promise<void> {
  await database.sql().migrate.forceFreeMigrationsLock(config);
}

/** Takes back every migration, newest first: for tests, and for the brave. */
export async function rollBackAll(database: Database): Promise<void> {
  await database.sql().migrate.rollback(config, true);
}

/** How far the database is: how many migrations it has, and the names of those that this program brings beside. */
export async function migrationState(database: Database): Promise<{ applied: number; pending: string[] }> {
  // knex would create its tables here, under the hands of somebody who is just migrating.
  if (!(await database.sql().schema.hasTable("knex_migrations"))) {
    return { applied: 0, pending: await migrationSource.getMigrations([]) };
  }
  const [applied, pending] = (await database.sql().migrate.list(unvalidated)) as [unknown[], string[]];
  return { applied: applied.length, pending };
}
