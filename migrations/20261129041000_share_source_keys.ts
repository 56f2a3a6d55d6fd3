import type { Knex } from "knex";

/**
 * Several users or groups of one source may have the same key: `externalId` is not unique (RFC 7643 §3.1), and Entra fills
 * it from the mail nickname by default. Lookups keep an index on the same columns.
 */
const tables = ["users", "groups"] as const;
const key = ["tenant_id", "source_key", "source_id"];

export async function up(knex: Knex): Promise<void> {
  for (const name of tables) {
    await knex.schema.alterTable(name, (table) => {
      table.dropUnique(key, `${name}_source_key_unique`);
      table.index(key, `${name}_source_key_index`);
    });
  }
}

/**
 * The former index allows each key once per source. The oldest row keeps a shared key and the others lose it: their source
 * then finds them by name, and gives them a key again with its next full update.
 */
export async function down(knex: Knex): Promise<void> {
  for (const name of tables) {
    await knex.raw(
      `update ${name} set source_key = null where exists (
         select 1 from ${name} as older
         where older.tenant_id = ${name}.tenant_id and older.source_key = ${name}.source_key
           and older.source_id = ${name}.source_id and older.seq < ${name}.seq)`,
    );
    await knex.schema.alterTable(name, (table) => {
      table.dropIndex(key, `${name}_source_key_index`);
      table.unique(key, { indexName: `${name}_source_key_unique` });
    });
  }
}
