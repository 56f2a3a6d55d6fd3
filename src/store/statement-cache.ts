/**
 * Keeps SQLite statements prepared. Without this, the driver prepares and finalizes each statement, which is more than a
 * third of the cost of an indexed lookup (0.092 ms, against 0.058 ms for a statement that is already prepared). CPU time per request fell from 1.70 to
 * 1.11 ms for a user by id, and from 4.0–5.4 to 2.4–2.8 ms for a page of 100 users (docs/decisions/0030).
 * The whole interface is cacheStatements(connection): remove its one call in database.ts to do without.
 */

/** The part of the SQLite driver's connection that knex and this file use. */
export interface SqliteConnection {
  exec(sql: string, done: (error: Error | null) => void): void;
  prepare(sql: string, done: (error: Error | null) => void): Statement;
  all: Execute;
  run: Execute;
  close(done: (error: Error | null) => void): void;
}

interface Statement {
  all(bindings: unknown, done: Done): void;
  run(bindings: unknown, done: Done): void;
  finalize(): void;
}

/** `this` is the statement, from which knex reads the number of changed rows. */
type Done = (this: unknown, error: Error | null, rows?: unknown) => void;
type Execute = (sql: string, bindings: unknown, done: Done) => void;

/** The code has fewer different statements, but a list of values makes one for each length. */
const maxStatements = 200;
/** Longer statements are lists of values and seldom repeat. */
const maxLength = 2_000;

/**
 * Makes a connection keep its statements prepared, the least recently used one going first. SQLite itself prepares a
 * statement again if the schema changed (https://sqlite.org/c3ref/prepare.html). A connection with open statements cannot
 * be closed (https://sqlite.org/c3ref/close.html), so close() finalizes them.
 */
export function cacheStatements(connection: SqliteConnection): void {
  const kept = new Map<string, Statement>();
  /** Statements that are still being prepared. If that fails, the driver never calls back other users, so they get none. */
  const preparing = new Set<string>();

  function prepared(sql: string, done: Done): Statement {
    const statement = kept.get(sql) ?? prepare(sql, done);
    // Move it to the end of the map: the most recently used statement goes last.
    kept.delete(sql);
    kept.set(sql, statement);
    return statement;
  }

  function prepare(sql: string, done: Done): Statement {
    preparing.add(sql);
    return connection.prepare(sql, (error) => {
      preparing.delete(sql);
      if (!error) return;
      kept.delete(sql);
      done(error);
    });
  }

  /**
   * A statement that waited in vain for a lock is still in progress until it is reset or finalized, and SQLite commits no
   * transaction meanwhile (https://sqlite.org/lang_transaction.html).
   */
  function discard(sql: string, statement: Statement): void {
    if (kept.get(sql) !== statement) return;
    kept.delete(sql);
    statement.finalize();
  }

  function finalizeOldest(count: number): void {
    for (const [sql, statement] of [...kept].slice(0, count)) {
      kept.delete(sql);
      // The driver delays this until the statement has run.
      statement.finalize();
    }
  }

  for (const method of ["all", "run"] as const) {
    const once: Execute = connection[method].bind(connection);
    connection[method] = (sql, bindings, done) => {
      if (sql.length > maxLength || preparing.has(sql)) return once(sql, bindings, done);
      const statement = prepared(sql, done);
      statement[method](bindings, function (error, rows) {
        if (error) discard(sql, statement);
        done.call(this, error, rows);
      });
      if (kept.size > maxStatements) finalizeOldest(1);
    };
  }
  const close = connection.close.bind(connection);
  connection.close = (done) => {
    finalizeOldest(kept.size);
    close(done);
  };
}
