import type { Knex } from "knex";

/**
 * Column types that mean the same on both engines. Not a migration: it exports no `up`.
 *
 * Text must sort by bytes on both. SQLite does so by default; PostgreSQL uses the database's collation unless the column
 * says otherwise.
 */
export function columns(knex: Knex, table: Knex.CreateTableBuilder) {
  const postgres = knex.client.config.client === "pg";
  return {
    text: (name: string) => table.specificType(name, postgres ? 'text collate "C"' : "text"),
    /** Milliseconds since the epoch, or a counter that outgrows 32 bits. */
    integer: (name: string) => table.specificType(name, postgres ? "bigint" : "integer"),
    boolean: (name: string) => table.boolean(name),
    /** A JSON document that is read and written as a whole. */
    json: (name: string) => table.specificType(name, postgres ? "json" : "text"),
    /** A JSON document that statements search. */
    searchable: (name: string) => table.specificType(name, postgres ? "jsonb" : "text"),
    /** The tenant that the row belongs to; every tenant table starts with it. */
    tenant: () => {
      table.specificType("tenant_id", postgres ? 'text collate "C"' : "text").notNullable();
      table.foreign("tenant_id").references("id").inTable("tenants").onDelete("CASCADE");
    },
    /** A reference that cannot leave the tenant, because the tenant is part of the key. */
    sameTenant: (column: string, target: string, onDelete: "CASCADE" | "RESTRICT") =>
      table.foreign(["tenant_id", column]).references(["tenant_id", "id"]).inTable(target).onDelete(onDelete),
  };
}
