/**
 * The store: the only room that speaks SQL, and the only one that imports knex.
 *
 * Owns: the connection pool, transactions and migrations (this file and migrate.ts); the data of one tenant
 * (tenant-store.ts and tenant/); lookups before a tenant is known (system-store.ts).
 * May import: the ground floor, config. Decisions about people belong to directory/.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Duplex } from "node:stream";
import knexFactory, { type Knex } from "knex";
import pg from "pg";
import { subscriptions as ofTheProduct } from "../../config/events.ts";
import { databaseSchema, keepsStatements } from "../config.ts";
import { UnavailableError } from "../errors.ts";
import type { Subscriptions } from "../events.ts";
import { keepPrepared } from "./prepared-statements.ts";
import { isBusy, isRetryable } from "./sql-errors.ts";
import { cacheStatements, type SqliteConnection, stayWithFile } from "./sqlite-connection.ts";
import { createIfAbsent, existingFile } from "./sqlite-file.ts";

// Our timestamps and counters fit in 2^53. By default, PostgreSQL's driver returns bigint columns as text.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

export interface Database {
  readonly engine: "sqlite" | "postgres";
  /** The PostgreSQL schema that has all tables, if the URL names one. */
  readonly schema: string | null;
  /** Which events a change writes down for product code: config/events.ts. */
  readonly subscriptions: Subscriptions;
  /**
   * The connection to build statements on: the pool, or inside a transaction that transaction. Throws if code inside a
   * transaction asks the pool, because on SQLite it would wait for itself.
   */
  sql(): Knex;
  /**
   * Runs `work` in one transaction, or as part of the running one. Takes SQLite's write lock first, because SQLite refuses
   * to upgrade a read lock without waiting. Reruns work that lost to a deadlock, so `work` must have no effect outside
   * the database.
   */
  transaction<T>(work: (transaction: Database) => Promise<T>): Promise<T>;
  /**
   * Runs queries that may read every row of a tenant, on a separate connection and for at most ten seconds, or as part of
   * the running transaction. Throws UnavailableError on timeout.
   */
  scan<T>(work: (reading: Database) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const runningTransaction = new AsyncLocalStorage<boolean>();

/** Whether SQLite syncs a commit to disk before it returns (`full`), or leaves that to the system (`off`). */
export type Synchronous = "full" | "off";

/**
 * Opens a database by URL: `postgres://…`, or the path of a SQLite file (or `:memory:`).
 * @param synchronous `full` in production (docs/decisions/0009). Only tests pass `off`, because they may lose data.
 * @param subscriptions Only tests pass others than the product's.
 * @param answerMs how long PostgreSQL may take for a statement; null for programs whose statements may take minutes.
 */
export function openDatabase(
  url: string,
  synchronous: Synchronous = "full",
  subscriptions: Subscriptions = ofTheProduct,
  answerMs: number | null = null,
): Database {
  const engine = /^postgres(ql)?:\/\//.test(url) ? "postgres" : "sqlite";
  const options = engine === "postgres" ? postgresOptions(url, answerMs) : sqliteOptions(url, synchronous);
  const knex = knexFactory(options);
  const scans = openScanPool(engine, options, knex);
  const pool = () => {
    if (runningTransaction.getStore()) {
      throw new Error("the pool was asked for inside a transaction: use the store that the transaction gave");
    }
    return knex;
  };
  const kind: DatabaseKind = { engine, schema: databaseSchema(url), subscriptions };
  return {
    ...kind,
    sql: pool,
    transaction: (work) => retry(() => runTransaction(pool(), kind, work)),
    scan: (work) => scans.run((trx) => work(joinedTo(kind, trx))),
    async close() {
      await scans.close();
      await knex.destroy();
    },
  };
}

type DatabaseKind = Pick<Database, "engine" | "schema" | "subscriptions">;

async function runTransaction<T>(
  knex: Knex,
  kind: DatabaseKind,
  work: (transaction: Database) => Promise<T>,
): Promise<T> {
  return await knex.transaction(async (trx) => {
    // knex begins SQLite transactions deferred. A write that changes no row takes the write lock now and waits for it up
    // to busy_timeout (https://sqlite.org/lang_transaction.html).
    if (kind.engine === "sqlite") await trx.raw("update tenants set id = id where 1 = 0");
    return await runningTransaction.run(true, () => work(joinedTo(kind, trx)));
  });
}

/** The database inside a transaction: everything joins that transaction. */
function joinedTo({ engine, schema, subscriptions }: DatabaseKind, trx: Knex.Transaction): Database {
  const joined: Database = {
    engine,
    schema,
    subscriptions,
    sql: () => trx,
    transaction: (work) => work(joined),
    scan: (work) => work(joined),
    close: () => Promise.reject(new Error("a transaction cannot close the database")),
  };
  return joined;
}

/** Thrown out of a transaction to roll it back. */
class Rollback extends Error {}

/**
 * Runs `work` in one transaction, rolls it back, and returns the result. Do not call it inside a transaction, which it would
 * roll back as well.
 * @param store a database, or the store of a tenant.
 */
export async function runAndRollBack<Inside, T>(
  store: { transaction(work: (inside: Inside) => Promise<void>): Promise<void> },
  work: (inside: Inside) => Promise<T>,
): Promise<T> {
  let result: T | undefined;
  try {
    await store.transaction(async (inside) => {
      result = await work(inside);
      throw new Rollback();
    });
  } catch (error) {
    if (!(error instanceof Rollback)) throw error;
  }
  return result as T;
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

/** Silences knex, which prints to standard output. It also throws its errors, so nothing is lost. */
const quiet = { warn: () => undefined, error: () => undefined };

/**
 * A schema is the whole search path: with `public` behind it, a statement before the first migration would find tables of
 * the host with the same names.
 */
function postgresOptions(url: string, answerMs: number | null): Knex.Config {
  const schema = databaseSchema(url);
  return {
    client: "pg",
    connection: {
      connectionString: url,
      application_name: "oin-saas-starter",
      connectionTimeoutMillis: connectMs,
    },
    ...(schema === null ? {} : { searchPath: [schema] }),
    pool: { min: 0, max: 10, afterCreate: setUpConnection(answerMs, keepsStatements(url)) },
    acquireConnectionTimeout: connectMs,
    compileSqlOnError: false,
    log: quiet,
  };
}

/** How long a request waits for a connection, or a connection for the server, in ms. */
const connectMs = 10_000;

function setUpConnection(answerMs: number | null, keepsPrepared: boolean) {
  return (client: pg.Client, done: (error: Error | null, client: pg.Client) => void) => {
    if (answerMs !== null) limitAnswers(client, answerMs);
    if (keepsPrepared) keepPrepared(client);
    done(null, client);
  };
}

/**
 * Cuts a connection whose server does not answer, so that its request fails instead of waiting for as long as the network
 * stays silent. The server rolls an open transaction back.
 */
function limitAnswers(client: pg.Client, answerMs: number): void {
  const send = client.query.bind(client) as (query: unknown, done: (...answer: unknown[]) => void) => unknown;
  // Replaced when TLS begins.
  const { connection } = client as unknown as { connection: { stream: Duplex } };
  const limited = (query: unknown, done: (...answer: unknown[]) => void) => {
    const timer = setTimeout(() => connection.stream.destroy(), answerMs);
    return send(query, (...answer) => {
      clearTimeout(timer);
      done(...answer);
    });
  };
  Object.assign(client, { query: limited });
}

function sqliteOptions(file: string, synchronous: Synchronous): Knex.Config {
  const isInMemory = file === ":memory:";
  if (!isInMemory) createIfAbsent(file);
  const afterCreate = applyPragmas(synchronous, isInMemory ? null : file);
  return {
    client: "sqlite3",
    connection: isInMemory ? { filename: file } : { filename: existingFile(file), flags: ["OPEN_URI"] },
    useNullAsDefault: true,
    // One connection: SQLite has one writer anyway, and an in-memory database exists only in its connection.
    pool: { min: 1, max: 1, idleTimeoutMillis: 2 ** 31 - 1, afterCreate },
    acquireConnectionTimeout: 30_000,
    // Errors reach the log, so they must not contain the bound names and addresses.
    compileSqlOnError: false,
    log: quiet,
  };
}

/** How long a SQLite connection waits for a lock, in ms. */
const busyMs = 15_000;

/** docs/reference/configuration.md says what each level guarantees. */
function applyPragmas(synchronous: Synchronous, file: string | null) {
  const pragmas = `pragma busy_timeout = ${busyMs}; pragma journal_mode = wal; pragma synchronous = ${synchronous}; pragma foreign_keys = on;`;
  return (connection: SqliteConnection, done: (error: Error | null, c: SqliteConnection) => void) => {
    const deadline = Date.now() + busyMs;
    cacheStatements(connection);
    if (file !== null) stayWithFile(connection, file);
    // Switching a new file to WAL needs it exclusively, and SQLite fails concurrent attempts at once instead of waiting,
    // to avoid a deadlock (https://sqlite.org/c3ref/busy_handler.html). So retry.
    const apply = () => {
      connection.exec(pragmas, (error) => {
        if (isBusy(error) && Date.now() < deadline) setTimeout(apply, 20);
        // The pool forgets a connection that it could not set up.
        else if (error) connection.close(() => done(error, connection));
        else done(null, connection);
      });
    };
    apply();
  };
}

const scanTimeoutMs = 10_000;

type Work<T> = (trx: Knex.Transaction) => Promise<T>;

/**
 * Opens a separate pool for scans (see Database.scan), so that they do not block short queries: SQLite's main pool is one
 * connection.
 * @param main where scans of an in-memory database run, which exists only in this pool's connection.
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
      await trx.raw(`set local statement_timeout = ${scanTimeoutMs}`);
      return await work(trx);
    },
    { readOnly: true },
  );
}

interface Interruptible {
  interrupt(): void;
}

/** SQLite has no statement timeout, so a timer interrupts the connection. */
async function scanSqlite<T>(knex: Knex, work: Work<T>): Promise<T> {
  const connection: Interruptible = await knex.client.acquireConnection();
  const timer = setTimeout(() => connection.interrupt(), scanTimeoutMs);
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
