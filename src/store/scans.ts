import knexFactory, { type Knex } from "knex";
import { UnavailableError } from "../errors.ts";

const limitMs = 10_000;

type Work<T> = (trx: Knex.Transaction) => Promise<T>;

/**
 * Runs statements that may look at every row on a pool of their own, because whoever looks up one row must not wait for
 * them (SQLite's main pool is one connection); see Database.scan.
 * @param main a database in memory lives in this pool's only connection, so its scans run there.
 */
export function openScans(engine: "sqlite" | "postgres", options: Knex.Config, main: Knex) {
  const inMemory = (options.connection as { filename?: string }).filename === ":memory:";
  const pool = { ...options.pool, min: 0, max: 2, idleTimeoutMillis: 60_000 };
  const knex = inMemory ? main : knexFactory({ ...options, pool });
  return {
    async run<T>(work: Work<T>): Promise<T> {
      try {
        return await (engine === "postgres" ? onPostgres(knex, work) : onSqlite(knex, work));
      } catch (error) {
        if (!wasCutOff(error)) throw error;
        throw new UnavailableError("the search took too long", { cause: error });
      }
    },
    close: () => (inMemory ? Promise.resolve() : knex.destroy()),
  };
}

function onPostgres<T>(knex: Knex, work: Work<T>): Promise<T> {
  return knex.transaction(
    async (trx) => {
      await trx.raw(`set local statement_timeout = ${limitMs}`);
      return await work(trx);
    },
    { readOnly: true },
  );
}

interface Interruptible {
  interrupt(): void;
}

/** SQLite has no time limit of its own: the connection is interrupted from outside. */
async function onSqlite<T>(knex: Knex, work: Work<T>): Promise<T> {
  const connection: Interruptible = await knex.client.acquireConnection();
  const timer = setTimeout(() => connection.interrupt(), limitMs);
  try {
    return await knex.transaction(work, { connection });
  } finally {
    clearTimeout(timer);
    await knex.client.releaseConnection(connection);
  }
}

function wasCutOff(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  // 57014: query_canceled.
  return code === "57014" || code === "SQLITE_INTERRUPT";
}
