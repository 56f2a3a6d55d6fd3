/**
 * The store: the only room that speaks SQL, and the only one that imports knex.
 *
 * Owns: the connection pool, transactions and migrations (this file and migrate.ts); everything that belongs to
 * one tenant (tenant-store.ts and tenant/); what is looked up before a tenant is known (system-store.ts).
 * May import: model, errors. Nothing here decides anything about people: see directory/.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import knexFactory, { type Knex } from "knex";
import pg from "pg";
import { UnavailableError } from "../errors.ts";
import { isBusy, isRetryable } from "./sql-errors.ts";
import { cacheStatements, type SqliteConnection } from "./statement-cache.ts";

// Timestamps and counters fit in 2^53; without this, PostgreSQL's driver hands out bigint columns as text.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

export interface Database {
  readonly engine: "sqlite" | "postgres";
  /**
   * The connection to build statements on: the pool, or inside a transaction that transaction.
   * Throws when a transaction is running and the pool is asked for: on SQLite that would wait for itself.
   */
  sql(): Knex;
  /**
   * Runs `work` in one transaction: all or nothing. SQLite's write lock is taken first, so that a
   * read-modify-write never has to be upgraded, which SQLite refuses without waiting. Work that loses to
   * a deadlock is run again, so it must have no effect outside the database. Inside a transaction it joins it.
   */
  transaction<T>(work: (transaction: Database) => Promise<T>): Promise<T>;
  /**
   * Runs statements that only read and may look at every row of a tenant: on a connection that serves nothing else, and
   * for ten seconds at most. Throws UnavailableError when that was not enough. Inside a transaction it joins it.
   */
  scan<T>(work: (reading: Database) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const runningTransaction = new AsyncLocalStorage<boolean>();

/** When SQLite hands a commit to the disk: before it is acknowledged (`full`), or when the system likes (`off`). */
export type Synchronous = "full" | "off";

/**
 * Opens a database by URL: `postgres://…`, or the path of a SQLite file (`:memory:` for a fleeting one).
 * @param synchronous `full` in production (docs/decisions/0009); only tests, whose data may be lost, pass `off`.
 */
export function openDatabase(url: string, synchronous: Synchronous = "full"): Database {
  const engine = /^postgres(ql)?:\/\//.test(url) ? "postgres" : "sqlite";
  const options = engine === "postgres" ? postgresOptions(url) : sqliteOptions(url, synchronous);
  const knex = knexFactory(options);
  const scans = openScanPool(engine, options, knex);
  const pool = () => {
    if (runningTransaction.getStore()) {
      throw new Error("the pool was asked for inside a transaction: use the store that the transaction gave");
    }
    return knex;
  };
  return {
    engine,
    sql: pool,
    transaction: (work) => retry(() => runTransaction(pool(), engine, work)),
    scan: (work) => scans.run((trx) => work(joinedTo(engine, trx))),
    async close() {
      await scans.close();
      await knex.destroy();
    },
  };
}

async function runTransaction<T>(
  knex: Knex,
  engine: Database["engine"],
  work: (transaction: Database) => Promise<T>,
): Promise<T> {
  return await knex.transaction(async (trx) => {
    // knex begins SQLite transactions deferred. A write that touches no row takes the write lock now,
    // and waits for it as long as busy_timeout says (https://sqlite.org/lang_transaction.html).
    if (engine === "sqlite") await trx.raw("update tenants set id = id where 1 = 0");
    return await runningTransaction.run(true, () => work(joinedTo(engine, trx)));
  });
}

/** The database as it is seen inside a transaction. */
function joinedTo(engine: Database["engine"], trx: Knex.Transaction): Database {
  const joined: Database = {
    engine,
    sql: () => trx,
    transaction: (work) => work(joined),
    scan: (work) => work(joined),
    close: () => Promise.reject(new Error("a transaction cannot close the database")),
  };
  return joined;
}

const maxAttempts = 4;

async function retry<T>(attempt: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      if (count === maxAttempts || !isRetryable(error)) throw error;
    }
  }
}

/** knex prints to standard output, which belongs to the log's JSON and to a command's result; it throws the errors too. */
const quiet = { warn: () => undefined, error: () => undefined };

function postgresOptions(url: string): Knex.Config {
  return {
    client: "pg",
    connection: { connectionString: url, application_name: "oin-saas-starter" },
    pool: { min: 0, max: 10 },
    acquireConnectionTimeout: 10_000,
    compileSqlOnError: false,
    log: quiet,
  };
}

function sqliteOptions(file: string, synchronous: Synchronous): Knex.Config {
  if (file !== ":memory:") mkdirSync(dirname(file), { recursive: true });
  return {
    client: "sqlite3",
    connection: { filename: file },
    useNullAsDefault: true,
    // One connection: SQLite has one writer anyway, and an in-memory database lives in its connection.
    pool: { min: 1, max: 1, idleTimeoutMillis: 2 ** 31 - 1, afterCreate: applyPragmas(synchronous) },
    acquireConnectionTimeout: 30_000,
    // Errors reach the log: they name the statement, not the names and addresses in it.
    compileSqlOnError: false,
    log: quiet,
  };
}

/** How long a connection of SQLite waits for the others of its file, in ms. */
const busyMs = 15_000;

/** What each level promises stands in docs/reference/configuration.md. */
function applyPragmas(synchronous: Synchronous) {
  const pragmas = `pragma busy_timeout = ${busyMs}; pragma journal_mode = wal; pragma synchronous = ${synchronous}; pragma foreign_keys = on;`;
  return (connection: SqliteConnection, done: (error: Error | null, c: SqliteConnection) => void) => {
    const deadline = Date.now() + busyMs;
    cacheStatements(connection);
    // Of several that open a new file at once, one has to be alone to make it a WAL file, and the others are turned away
    // at once: SQLite does not wait where waiting could be a deadlock (https://sqlite.org/c3ref/busy_handler.html).
    const apply = () => {
      connection.exec(pragmas, (error) => {
        if (isBusy(error) && Date.now() < deadline) setTimeout(apply, 20);
        else done(error, connection);
      });
    };
    apply();
  };
}

const scanMs = 10_000;

type Work<T> = (trx: Knex.Transaction) => Promise<T>;

/**
 * Runs statements that may look at every row on a pool of their own, because whoever looks up one row must not wait for
 * them (SQLite's main pool is one connection); see Database.scan.
 * @param main a database in memory lives in this pool's only connection, so its scans run there.
 */
function openScanPool(engine: "sqlite" | "postgres", options: Knex.Config, main: Knex) {
  const inMemory = (options.connection as { filename?: string }).filename === ":memory:";
  const pool = { ...options.pool, min: 0, max: 2, idleTimeoutMillis: 60_000 };
  const knex = inMemory ? main : knexFactory({ ...options, pool });
  return {
    async run<T>(work: Work<T>): Promise<T> {
      try {
        return await (engine === "postgres" ? scanPostgres(knex, work) : scanSqlite(knex, work));
      } catch (error) {
        if (!wasCancelled(error)) throw error;
        throw new UnavailableError("the search took too long", { cause: error });
      }
    },
    close: () => (inMemory ? Promise.resolve() : knex.destroy()),
  };
}

function scanPostgres<T>(knex: Knex, work: Work<T>): Promise<T> {
  return knex.transaction(
    async (trx) => {
      await trx.raw(`set local statement_timeout = ${scanMs}`);
      return await work(trx);
    },
    { readOnly: true },
  );
}

interface Interruptible {
  interrupt(): void;
}

/** SQLite has no time limit of its own: the connection is interrupted from outside. */
async function scanSqlite<T>(knex: Knex, work: Work<T>): Promise<T> {
  const connection: Interruptible = await knex.client.acquireConnection();
  const timer = setTimeout(() => connection.interrupt(), scanMs);
  try {
    return await knex.transaction(work, { connection });
  } finally {
    clearTimeout(timer);
    await knex.client.releaseConnection(connection);
  }
}

function wasCancelled(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  // 57014: query_canceled.
  return code === "57014" || code === "SQLITE_INTERRUPT";
}
