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
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("one_time_links");
  await knex.schema.dropTable("local_credentials");
  await knex.schema.dropTable("provisioning_tokens");
}
