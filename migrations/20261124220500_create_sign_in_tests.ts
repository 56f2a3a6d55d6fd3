import type { Knex } from "knex";
import { columns } from "./columns.ts";

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("sign_in_tests", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("id").notNullable();
    text("connection_id").notNullable();
    // The administrator who started it; null for the guest of a set-up link.
    text("user_id");
    // What the provider sent. Sealed, because claims are personal.
    text("sealed_result");
    integer("created_at").notNullable();
    integer("expires_at").notNullable();
    table.primary(["tenant_id", "id"]);
    table.index(["tenant_id", "connection_id", "created_at"], "sign_in_tests_connection_index");
    table.index(["expires_at"], "sign_in_tests_expiry_index");
    sameTenant("connection_id", "connections", "CASCADE");
    sameTenant("user_id", "users", "CASCADE");
  });
  await knex.schema.alterTable("connections", (table) => {
    // When a test sign-in last succeeded with these settings.
    columns(knex, table).integer("tested_at");
  });
  // Domains whose people must sign in through one connection.
  await knex.schema.createTable("enforced_domains", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("domain").notNullable();
    text("connection_id").notNullable();
    integer("created_at").notNullable();
    table.primary(["tenant_id", "domain"]);
    table
      .foreign(["tenant_id", "domain"])
      .references(["tenant_id", "domain"])
      .inTable("tenant_domains")
      .onDelete("CASCADE");
    sameTenant("connection_id", "connections", "CASCADE");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("enforced_domains");
  await knex.schema.alterTable("connections", (table) => {
    table.dropColumn("tested_at");
  });
  await knex.schema.dropTable("sign_in_tests");
}
