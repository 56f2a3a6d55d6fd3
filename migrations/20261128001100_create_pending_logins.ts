import type { Knex } from "knex";
import { columns } from "./columns.ts";

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("pending_logins", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("connection_id").notNullable();
    text("state_hash").notNullable();
    text("browser_hash").notNullable();
    text("sealed_data").notNullable();
    integer("expires_at").notNullable();
    table.primary(["tenant_id", "connection_id", "state_hash"]);
    table.index(["expires_at"], "pending_logins_expiry_index");
    sameTenant("connection_id", "connections", "CASCADE");
  });
  // Ids of one-time tokens that were used.
  await knex.schema.createTable("used_tokens", (table) => {
    const { text, integer, tenant } = columns(knex, table);
    tenant();
    text("token_id").notNullable();
    integer("expires_at").notNullable();
    table.primary(["tenant_id", "token_id"]);
    table.index(["expires_at"], "used_tokens_expiry_index");
  });
  await knex.schema.createTable("sign_in_tests", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("id").notNullable();
    text("connection_id").notNullable();
    // The administrator who started it; null for the guest of a set-up link.
    text("user_id");
    // The claims that arrived. They are personal, so they are sealed.
    text("sealed_result");
    integer("created_at").notNullable();
    integer("expires_at").notNullable();
    table.primary(["tenant_id", "id"]);
    table.index(["tenant_id", "connection_id", "created_at"], "sign_in_tests_connection_index");
    table.index(["expires_at"], "sign_in_tests_expiry_index");
    sameTenant("connection_id", "connections", "CASCADE");
    sameTenant("user_id", "users", "CASCADE");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("sign_in_tests");
  await knex.schema.dropTable("used_tokens");
  await knex.schema.dropTable("pending_logins");
}
