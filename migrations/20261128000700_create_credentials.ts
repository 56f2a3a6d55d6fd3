import type { Knex } from "knex";
import { columns } from "./columns.ts";

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("provisioning_tokens", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("id").notNullable();
    text("source_id").notNullable();
    text("token_hash").notNullable();
    text("hint").notNullable();
    integer("created_at").notNullable();
    integer("expires_at");
    integer("last_used_at");
    integer("revoked_at");
    table.primary(["tenant_id", "id"]);
    table.unique(["token_hash"], { indexName: "provisioning_tokens_hash_unique" });
    sameTenant("source_id", "provisioning_sources", "CASCADE");
  });
  await knex.schema.createTable("local_credentials", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("user_id").notNullable();
    text("password_hash").notNullable();
    integer("updated_at").notNullable();
    table.primary(["tenant_id", "user_id"]);
    sameTenant("user_id", "users", "CASCADE");
  });
  await knex.schema.createTable("one_time_links", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("token_hash").primary();
    text("user_id");
    text("connection_id");
    integer("created_at").notNullable();
    integer("expires_at").notNullable();
    table.index(["tenant_id", "user_id"], "one_time_links_user_index");
    sameTenant("user_id", "users", "CASCADE");
    sameTenant("connection_id", "connections", "CASCADE");
  });
  // The last provisioning error of each kind: one row a kind, so the table stays small.
  await knex.schema.createTable("provisioning_problems", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("source_id").notNullable();
    // A SCIM error keyword or our own; together with the call it selects the remedy.
    text("kind").notNullable();
    text("call").notNullable();
    integer("status").notNullable();
    text("detail").notNullable();
    text("request_id").notNullable();
    integer("at").notNullable();
    table.primary(["tenant_id", "source_id", "kind", "call"]);
    sameTenant("source_id", "provisioning_sources", "CASCADE");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("provisioning_problems");
  await knex.schema.dropTable("one_time_links");
  await knex.schema.dropTable("local_credentials");
  await knex.schema.dropTable("provisioning_tokens");
}
