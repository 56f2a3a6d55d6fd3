import type { Knex } from "knex";
import { columns } from "./columns.ts";

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("tombstones", (table) => {
    const { text, integer, tenant } = columns(knex, table);
    tenant();
    text("id").notNullable();
    text("login_name").notNullable();
    text("login_name_key").notNullable();
    integer("created_at").notNullable();
    table.primary(["tenant_id", "id"]);
    table.index(["tenant_id", "login_name_key"], "tombstones_login_name_index");
  });
  await knex.schema.createTable("tombstone_subjects", (table) => {
    const { text, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("tombstone_id").notNullable();
    text("connection_id").notNullable();
    text("subject").notNullable();
    table.primary(["tenant_id", "connection_id", "subject", "tombstone_id"]);
    table.index(["tenant_id", "tombstone_id"], "tombstone_subjects_tombstone_index");
    sameTenant("tombstone_id", "tombstones", "CASCADE");
    sameTenant("connection_id", "connections", "CASCADE");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("tombstone_subjects");
  await knex.schema.dropTable("tombstones");
}
