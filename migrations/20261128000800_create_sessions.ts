import type { Knex } from "knex";
import { columns } from "./columns.ts";

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("sessions", (table) => {
    const { text, integer } = columns(knex, table);
    text("sid_hash").primary();
    // NULL before sign-in.
    text("tenant_id").nullable();
    text("user_id");
    // The connection of the sign-in; NULL for a local password.
    text("connection_id");
    integer("access_epoch");
    integer("created_at").notNullable();
    integer("seen_at").notNullable();
    integer("expires_at").notNullable();
    text("data").notNullable();
    table.index(["tenant_id", "user_id"], "sessions_user_index");
    table.index(["expires_at"], "sessions_expiry_index");
    table
      .foreign(["tenant_id", "user_id"])
      .references(["tenant_id", "id"])
      .inTable("users")
      .onDelete("CASCADE");
  });
  await knex.schema.createTable("rate_limits", (table) => {
    const { text, integer } = columns(knex, table);
    text("key").primary();
    integer("points").notNullable();
    integer("expires_at").notNullable();
    table.index(["expires_at"], "rate_limits_expiry_index");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("rate_limits");
  await knex.schema.dropTable("sessions");
}
