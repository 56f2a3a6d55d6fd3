/** Interprets failed statements, alike for both engines. */

interface DriverError {
  code?: unknown;
  message?: unknown;
  detail?: unknown;
  constraint?: unknown;
}

function driverError(error: unknown): { code: string; message: string; constraint: string } {
  const { code, message, constraint } = (error ?? {}) as DriverError;
  return { code: String(code ?? ""), message: String(message ?? ""), constraint: String(constraint ?? "") };
}

/**
 * Whether `error` is the violation of the unique index or primary key that covers `column`.
 * SQLite names the columns (`UNIQUE constraint failed: users.tenant_id, users.login_name_key`); PostgreSQL
 * names them in its detail (`Key (tenant_id, login_name_key)=(…) already exists.`).
 */
export function isUniqueViolation(error: unknown, column: string): boolean {
  const { code, message } = driverError(error);
  if (code === "23505") {
    const columns = /\(([^)]*)\)=/.exec(String((error as DriverError).detail ?? ""))?.[1] ?? "";
    return columns.split(", ").includes(column);
  }
  if (code !== "SQLITE_CONSTRAINT") return false;
  const columns = /UNIQUE constraint failed: (.*)$/.exec(message)?.[1] ?? "";
  return columns.split(", ").some((name) => name.endsWith(`.${column}`));
}

/** Whether `error` is a reference to a missing row, or to a row of another tenant. */
export function isForeignKeyViolation(error: unknown): boolean {
  const { code, message } = driverError(error);
  return code === "23503" || (code === "SQLITE_CONSTRAINT" && message.includes("FOREIGN KEY"));
}

/**
 * Whether the same transaction may succeed if it runs again: PostgreSQL's deadlock and serialization failures, and a prepared
 * lookup whose columns a migration changed (prepared-statements.ts).
 */
export function isRetryable(error: unknown): boolean {
  return ["40P01", "40001"].includes(driverError(error).code) || isStalePlan(error);
}

/** The connection is replaced, so the next one plans anew. */
function isStalePlan(error: unknown): boolean {
  const { code, message } = driverError(error);
  return code === "0A000" && message.includes("cached plan");
}

const connectionCodes = new Set([
  ...["ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EPIPE", "ETIMEDOUT"],
  ...["ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"],
]);

const unavailableSqlite = new Set([
  ...["SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"],
  ...["SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_READONLY", "SQLITE_NOMEM"],
]);

/** Whether `error` says that the database is unreachable, too busy, or cannot write. */
export function isUnavailable(error: unknown): boolean {
  const { code, message } = driverError(error);
  if (connectionCodes.has(code)) return true;
  // Class 08: connection exception; 57P0x: the server is shutting down or starting; class 53: out of disk, memory or
  // connections; 58030: an I/O error; 25006: a standby that is not promoted yet. The last two lost to other transactions.
  if (/^(08...|57P0.|53...|58030|25006|40001|40P01)$/.test(code)) return true;
  if (unavailableSqlite.has(code) || isStalePlan(error)) return true;
  return /Timeout acquiring a connection|Connection terminated|is not queryable|^timeout expired$/.test(
    message,
  );
}

/**
 * Awaits a statement and turns a unique violation of a column into the caller's error:
 * `await mapUniqueViolation(query, { login_name_key: () => new ConflictError(…) })`.
 */
export async function mapUniqueViolation<T>(
  statement: PromiseLike<T>,
  errors: Record<string, () => Error>,
): Promise<T> {
  try {
    return await statement;
  } catch (error) {
    for (const [column, toError] of Object.entries(errors)) {
      if (isUniqueViolation(error, column)) throw toError();
    }
    throw error;
  }
}

/** Whether another connection has locked SQLite's file (https://sqlite.org/rescode.html#busy). */
export function isBusy(error: unknown): boolean {
  return driverError(error).code === "SQLITE_BUSY";
}
