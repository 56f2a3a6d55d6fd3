import type { Knex } from "knex";
import { columns } from "./columns.ts";

/** Our own keys for SAML connections: they sign requests and metadata, and decrypt assertions. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("key_pairs", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("connection_id").notNullable();
    // 1, 2, …: if two replicas create a connection's next pair at once, one of them is refused.
    integer("generation").notNullable();
    text("certificate").notNullable();
    text("sealed_key").notNullable();
    integer("created_at").notNullable();
    table.primary(["tenant_id", "connection_id", "generation"]);
    sameTenant("connection_id", "connections", "CASCADE");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("key_pairs");
}
