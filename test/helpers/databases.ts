import { mkdtempSync, rmSync } from "node:fs";
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

/** Defines the same tests for both engines, on one fresh database each. `use` gives the database inside a test or hook. */
export function onEachDatabase(define: Define): void {
  for (const engine of engines) onDatabase(engine, define);
}

/** As onEachDatabase, where the engine makes no difference. The reporter counts by the names of these suites. */
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

/** @param options.migrated false leaves it without tables. */
export async function createTestDatabase(
  engine: Engine,
  options = { migrated: true },
): Promise<TestDatabase> {
  const { url, remove } = engine === "SQLite" ? sqliteFile() : await postgresSchema();
  const opened: Database[] = [];
  const openAnother = () => {
    const database = openDatabase(url);
    opened.push(database);
    return database;
  };
  const database = openAnother();
  if (options.migrated) await migrate(database);
  return {
    url,
    database,
    openAnother,
    async dispose() {
      for (const one of opened) await one.close();
      await remove();
    },
  };
}

function sqliteFile() {
  const folder = mkdtempSync(join(tmpdir(), "starter-test-"));
  return {
    url: join(folder, "test.sqlite"),
    remove: () => Promise.resolve(rmSync(folder, { recursive: true, force: true })),
  };
}

let schemas = 0;

/** A schema of its own in the server of the whole run: a hundred times cheaper than a database. */
async function postgresSchema() {
  const serverUrl = process.env.TEST_POSTGRES_URL;
  if (!serverUrl) throw new Error("the tests' PostgreSQL server is not running: start them with npm test");
  const schema = `test_${process.pid}_${schemas++}`;
  await query(serverUrl, `create schema ${schema}`);
  return {
    url: `${serverUrl}?options=-c%20search_path%3D${schema}`,
    remove: () => query(serverUrl, `drop schema ${schema} cascade`),
  };
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql);
  await client.end();
}
