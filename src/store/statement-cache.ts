/** A connection of the SQLite driver, as far as knex and this file use it. */
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

/** `this` is the statement, from which knex reads what it changed. */
type Done = (this: unknown, error: Error | null, rows?: unknown) => void;
type Execute = (sql: string, bindings: unknown, done: Done) => void;

/** There are about as many texts as places in the code that ask; one with a list in it has as many as there are lengths. */
const maxStatements = 200;
const maxLength = 2_000;

/**
 * Keeps a connection's statements prepared. The driver prepares each anew, on another thread, and throws it away on
 * another: for a lookup by an index that is more than a third of what it costs (docs/decisions/0030). SQLite itself
 * prepares a statement again when the schema has changed (https://sqlite.org/c3ref/prepare.html). A connection that has
 * statements cannot be closed (https://sqlite.org/c3ref/close.html), so closing gives them up.
 */
export function cacheStatements(connection: SqliteConnection): void {
  const kept = new Map<string, Statement>();
  /** Texts of which it is not known whether they can be prepared: the driver forgets whoever else waits when they cannot. */
  const preparing = new Set<string>();

  function prepared(sql: string, done: Done): Statement {
    const statement = kept.get(sql) ?? prepare(sql, done);
    // The last one used is the last to go.
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

  function giveUp(count: number): void {
    for (const [sql, statement] of [...kept].slice(0, count)) {
      kept.delete(sql);
      // The driver waits with this until the statement has run.
      statement.finalize();
    }
  }

  for (const method of ["all", "run"] as const) {
    const once: Execute = connection[method].bind(connection);
    connection[method] = (sql, bindings, done) => {
      if (sql.length > maxLength || preparing.has(sql)) return once(sql, bindings, done);
      prepared(sql, done)[method](bindings, done);
      if (kept.size > maxStatements) giveUp(1);
    };
  }
  const close = connection.close.bind(connection);
  connection.close = (done) => {
    giveUp(kept.size);
    close(done);
  };
}
