import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrate.ts";

export const engines = ["SQLite", "PostgreSQL"] as const;
export type Engine = (typeof engines)[number];

/** An empty, migrated database of a test's own. */
export interface TestDatabase {
  url: string;
  database: Database;
  /** Opens the same database once more, as another process would. */
  openAnother(): Database;
  dispose(): Promise<void>;
}

type Define = (use: () => TestDatabase, engine: Engine) => void;

/**
 * The rule, which CONTRIBUTING.md repeats. A suite runs on both engines (`onEachDatabase`) when its outcome can depend on
 * the database: what is found and in which order, how text compares, what a constraint refuses, two requests at once,
 * transactions, limits that replicas share, migrations. It runs on one (`onOneDatabase`) when nothing in it can see which
 * engine it is: what a page says, what a browser does with it, whether a message of a protocol is accepted.
 *
 * Defines the same tests for both engines, on one fresh database each. `use` gives the database inside a test or hook.
 */
export function onEachDatabase(define: Define): void {
  if (onlyEngine) return;
  for (const engine of engines) onDatabase(engine, define);
}

/** Defines tests that no engine makes a difference to: on SQLite, or on the one that TEST_ENGINE names. */
export function onOneDatabase(define: Define): void {
  onDatabase(onlyEngine ?? "SQLite", define);
}

/**
 * In a run with TEST_ENGINE=PostgreSQL (the job "postgres" of test/jobs.mjs) the suites of onOneDatabase run there, and those that have
 * been on both engines already are left out.
 */
const onlyEngine = engines.find((engine) => engine === process.env.TEST_ENGINE);

/** Defines tests of one engine. The reporter counts by the names of these suites. */
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
 * A copy of a template, which is a tenth of the work of migrating. It waits for no disk: what is about durability opens its
 * own database as production does (test/store/durability.test.ts).
 * @param options.migrated false leaves it without tables.
 */
export async function createTestDatabase(
  engine: Engine,
  options = { migrated: true },
): Promise<TestDatabase> {
  const create = engine === "SQLite" ? sqliteFile : postgresDatabase;
  const { url, remove } = await create(options.migrated);
  const opened: Database[] = [];
  const openAnother = () => {
    const database = openDatabase(url, "off");
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

/** Once for each process of mocha. The last connection to close writes the log into the file. */
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
  // Without a disk to wait for, copying files is quicker than writing them to the log.
  await query(`create database ${name} template ${template} strategy file_copy`);
  return { url: serverUrl(name), remove: () => query(`drop database ${name} with (force)`) };
}

/** Once for the whole run: whichever process of mocha comes first makes it, while the others wait. */
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

/** The address of one of its databases in the server of the whole run. */
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

/** PostgreSQL: returns once another connection waits for what this transaction has locked. */
export async function someoneWaits(inside: Database): Promise<void> {
  const waiting = "select count(*) from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid))";
  for (let seen = 0; seen === 0; ) {
    // A transaction sees the connections that there were when it first asked, unless it asks anew.
    await inside.sql().raw("select pg_stat_clear_snapshot()");
    seen = Number((await inside.sql().raw(waiting)).rows[0].count);
  }
}
