import type { Knex } from "knex";
import { columns } from "./columns.ts";

/** Our keys at SAML connections, which sign requests and metadata and decrypt assertions. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("key_pairs", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("connection_id").notNullable();
    // 1, 2, …: of two replicas that create a connection's next pair at once, one fails.
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
