import type { Knex } from "knex";
import { columns } from "./columns.ts";

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("role_grants", (table) => {
    const { text, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("user_id").notNullable();
    text("role").notNullable();
    text("source").notNullable();
    // Empty, not NULL, for grants without a source row, because it is part of the primary key.
    text("source_id").notNullable().defaultTo("");
    table.primary(["tenant_id", "user_id", "role", "source", "source_id"]);
    table.index(["tenant_id", "role", "user_id"], "role_grants_role_index");
    sameTenant("user_id", "users", "CASCADE");
  });
  await knex.schema.createTable("group_roles", (table) => {
    const { text, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("group_id").notNullable();
    text("role").notNullable();
    table.primary(["tenant_id", "group_id", "role"]);
    sameTenant("group_id", "groups", "CASCADE");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("group_roles");
  await knex.schema.dropTable("role_grants");
}
