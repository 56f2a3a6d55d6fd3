/**
 * Keeps frequent lookups prepared on PostgreSQL. It parses and plans a statement at each call otherwise, which costs as much
 * as running a lookup by an index (docs/decisions/0080). SQLite keeps all statements: sqlite-connection.ts.
 */

/**
 * For `options()` of a statement that finds rows by the values of an index: its best plan is the same for all values. A search
 * needs a plan for its values, and does without.
 */
export const prepared = { prepared: true };

/** The part of a connection of PostgreSQL's driver that this file uses. knex passes a statement's options on in the query. */
export interface PostgresConnection {
  query(query: string | { text: string; prepared?: boolean; name?: string }, done: Done): unknown;
  /** knex replaces a connection that has it. */
  __knex__disposed?: unknown;
}

type Done = (error: (Error & { code?: string }) | null, result?: unknown) => void;

/** A prepared statement lives as long as its connection, so there must be few of them. */
const maxNames = 100;
const names = new Map<string, string>();

/** Each text has a name of its own: the driver refuses a second text of the same name. */
function nameOf(text: string): string | undefined {
  if (!names.has(text) && names.size < maxNames) names.set(text, `lookup-${names.size + 1}`);
  return names.get(text);
}

/**
 * Names the prepared statements of a connection. A migration may change the type of a column while they exist; PostgreSQL
 * refuses them from then on (0A000), and the connection is replaced.
 */
export function keepPrepared(connection: PostgresConnection): void {
  const send = connection.query.bind(connection);
  connection.query = (query, done) => {
    const name = typeof query === "object" && query.prepared ? nameOf(query.text) : undefined;
    if (typeof query === "string" || name === undefined) return send(query, done);
    return send({ ...query, name }, (error, result) => {
      if (error?.code === "0A000") connection.__knex__disposed = error;
      done(error, result);
    });
  };
}
