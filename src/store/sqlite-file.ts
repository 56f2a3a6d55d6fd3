/**
 * Keeps a SQLite connection to the file at its path. SQLite goes on with a file that was moved or deleted, and acknowledges
 * writes that no later process finds. In WAL mode it does not look itself (https://sqlite.org/howtocorrupt.html#unlink).
 */
import { closeSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { UnavailableError } from "../errors.ts";
import type { SqliteConnection } from "./statement-cache.ts";

/**
 * Creates the file if it is absent. Later connections only open it, because an empty database in its place would answer
 * that no one exists. A failure is left to them: they fail at each request, and work once the file is there.
 */
export function createIfAbsent(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    closeSync(openSync(file, "a"));
  } catch {}
}

/** The name by which SQLite opens a file without creating it (https://sqlite.org/uri.html). */
export function existingFile(file: string): string {
  return `${pathToFileURL(resolve(file)).href}?mode=rw`;
}

/** Errors after which another connection can succeed where this one cannot. */
const deadCodes = new Set(["SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_NOTADB"]);

const transactionEdge = /^(begin|commit|rollback)\b/i;

type PooledConnection = SqliteConnection & { __knex__disposed?: unknown };

/**
 * Fails statements once the path has another file or none, before they run and after they have written: an acknowledged
 * write is in the file at the path. The pool then opens the file anew, and also after a file could not be written.
 */
export function stayWithFile(connection: PooledConnection, file: string): void {
  const opened = identityOf(file);
  const moved = () =>
    opened !== null && identityOf(file) === opened
      ? null
      : new UnavailableError("the database file was moved or replaced, or cannot be seen");
  for (const method of ["all", "run"] as const) {
    const execute = connection[method].bind(connection);
    connection[method] = (sql, bindings, done) => {
      const finish = function (this: unknown, error: Error | null, rows?: unknown) {
        // knex checks a connection before its next use, and closes this one. So does one whose transaction did not begin or end.
        if (error && (isDead(error) || transactionEdge.test(sql))) connection.__knex__disposed = error;
        // A transaction whose commit failed stays open, with its lock, and knex does not end it.
        if (error && /^commit\b/i.test(sql)) connection.exec("rollback", () => done.call(this, error, rows));
        else done.call(this, error, rows);
      };
      const problem = moved();
      if (problem) return finish.call(null, problem);
      if (sql.startsWith("select")) return execute(sql, bindings, finish);
      execute(sql, bindings, function (error, rows) {
        finish.call(this, error ?? moved(), rows);
      });
    };
  }
}

function isDead(error: Error & { code?: string }): boolean {
  return error instanceof UnavailableError || deadCodes.has(error.code ?? "");
}

/** Null if there is no file, or if it cannot be seen: this also runs in a callback of the driver, where nothing may throw. */
function identityOf(file: string): string | null {
  try {
    const { dev, ino } = statSync(file, { bigint: true });
    return `${dev}/${ino}`;
  } catch {
    return null;
  }
}
