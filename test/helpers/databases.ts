import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { Subscriptions } from "../../src/events.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrate.ts";

export const engines = ["SQLite", "PostgreSQL"] as const;
export type Engine = (typeof engines)[number];

/** An empty, migrated database for one test. */
export interface TestDatabase {
  url: string;
  database: Database;
  /** Opens the same database again, like another process, or for a product with other handlers of events. */
  openAnother(subscriptions?: Subscriptions): Database;
  dispose(): Promise<void>;
}

type Define = (use: () => TestDatabase, engine: Engine) => void;

/**
 * Defines the same tests for both engines, on one fresh database each. `use` returns the database in a test or hook.
 *
 * With TEST_AGAIN (the job "postgres" of test/jobs.mjs) it defines nothing: the job "fast" has run these suites on both.
 *
 * The rule, also in CONTRIBUTING.md: a suite runs on both engines (`onEachDatabase`) if its outcome can depend on the
 * database: results and their order, comparison of text, constraints, concurrent requests, transactions, limits that
 * replicas share, migrations. It runs on one (`onOneDatabase`) if its outcome cannot: the text of pages, behaviour of the
 * browser, validation of protocol messages.
 */
export function onEachDatabase(define: Define): void {
  if (process.env.TEST_AGAIN) return;
  for (const engine of engines) onDatabase(engine, define);
}

/** Defines tests that do not depend on the engine: on SQLite, or on the engine that TEST_ENGINE names. */
export function onOneDatabase(define: Define): void {
  onDatabase(engines.find((engine) => engine === process.env.TEST_ENGINE) ?? "SQLite", define);
}

/** Defines tests for one engine. The reporter counts tests by these suites' names. */
export function onDatabase(engine: Engine, define: Define): void {
  describe(`on ${engine}`, () => {
    let current: TestDatabase;
    before(async () => {
      current = await createTestDatabase(engine);
    });
    after(async () => {
      await current.dispose();
    });
    define(() => current, engine);
  });
}

/**
 * Copies a template database, which takes a tenth of the time of migrating. It does not sync to disk; durability tests open
 * their own databases as production does (test/store/durability.test.ts).
 * @param options.migrated false for a database without tables.
 */
export async function createTestDatabase(
  engine: Engine,
  options = { migrated: true },
): Promise<TestDatabase> {
  const create = engine === "SQLite" ? sqliteFile : postgresDatabase;
  const { url, remove } = await create(options.migrated);
  const opened: Database[] = [];
  const openAnother = (subscriptions?: Subscriptions) => {
    const database = openDatabase(url, "off", subscriptions);
    opened.push(database);
    return database;
  };
  return {
    url,
    database: openAnother(),
    openAnother,
    async dispose() {
      for (const one of opened) await one.close();
      await remove();
    },
  };
}

let sqliteTemplate: Promise<string> | undefined;

async function sqliteFile(migrated: boolean) {
  const { url, remove } = newFile();
  if (migrated) {
    sqliteTemplate ??= migratedFile();
    copyFileSync(await sqliteTemplate, url);
  }
  return { url, remove: () => Promise.resolve(remove()) };
}

/** Made once per mocha process. Closing the last connection writes the WAL into the file. */
async function migratedFile(): Promise<string> {
  const { url, remove } = newFile();
  process.once("exit", remove);
  await migrateAndClose(url);
  return url;
}

function newFile() {
  const folder = mkdtempSync(join(tmpdir(), "starter-test-"));
  return {
    url: join(folder, "test.sqlite"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

let databases = 0;
let postgresTemplate: Promise<string> | undefined;

async function postgresDatabase(migrated: boolean) {
  postgresTemplate ??= migratedTemplate();
  const template = migrated ? await postgresTemplate : "template0";
  const name = `test_${process.pid}_${databases++}`;
  // Without syncs, copying files is faster than writing them to the WAL.
  await query(`create database ${name} template ${template} strategy file_copy`);
  return { url: serverUrl(name), remove: () => query(`drop database ${name} with (force)`) };
}

/** Made once per run: by the first mocha process, while the others wait. */
async function migratedTemplate(): Promise<string> {
  const name = "starter_template";
  const client = new pg.Client({ connectionString: serverUrl("postgres") });
  await client.connect();
  await client.query("select pg_advisory_lock(1)");
  const { rowCount } = await client.query("select from pg_database where datname = $1", [name]);
  if (rowCount === 0) {
    await client.query(`create database ${name}`);
    await migrateAndClose(serverUrl(name));
  }
  await client.end();
  return name;
}

/** The URL of a database in the run's server. */
function serverUrl(name: string): string {
  const url = process.env.TEST_POSTGRES_URL;
  if (!url) throw new Error("the tests' PostgreSQL server is not running: start them with npm test");
  return url.replace(/\/postgres$/, `/${name}`);
}

async function migrateAndClose(url: string): Promise<void> {
  const database = openDatabase(url, "off");
  await migrate(database);
  await database.close();
}

async function query(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl("postgres") });
  await client.connect();
  await client.query(sql);
  await client.end();
}

/** PostgreSQL: resolves once another connection waits for a lock of this transaction. */
export async function someoneWaits(inside: Database): Promise<void> {
  const waiting = "select count(*) from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid))";
  for (let seen = 0; seen === 0; ) {
    // Otherwise the transaction keeps seeing its first snapshot of pg_stat_activity.
    await inside.sql().raw("select pg_stat_clear_snapshot()");
    seen = Number((await inside.sql().raw(waiting)).rows[0].count);
  }
}
