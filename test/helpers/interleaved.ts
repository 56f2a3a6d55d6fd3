import type { Database } from "../../src/store/database.ts";

/**
 * A database in which something happens before a statement runs: what another request, or a slow database, would do.
 * @param before is asked for each statement; null lets it run at once.
 */
export function interleaved(database: Database, before: (table: string) => (() => Promise<unknown>) | null) {
  const sql = new Proxy(database.sql(), {
    apply(target, _self, [table]: [string]) {
      const builder = target(table);
      const happens = before(table);
      if (!happens) return builder;
      const run = builder.then.bind(builder);
      return Object.assign(builder, {
        // biome-ignore lint/suspicious/noThenProperty: knex runs a statement when it is awaited.
        then: (...done: Parameters<typeof run>) => happens().then(() => run(...done)),
      });
    },
  });
  return { ...database, sql: () => sql };
}
