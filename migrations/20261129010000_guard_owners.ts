import type { Knex } from "knex";
import { columns } from "./columns.ts";

/**
 * A connection or a provisioning client needs an owner's approval to act on owners. Settings and tokens from before this
 * rule stay; `machine_access_confirmed` is false until an owner has reviewed them.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("owner_approvals", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("connection_id").notNullable();
    text("user_id").notNullable();
    integer("created_at").notNullable();
    table.primary(["tenant_id", "connection_id", "user_id"]);
    table.index(["tenant_id", "user_id"], "owner_approvals_user_index");
    sameTenant("connection_id", "connections", "CASCADE");
    sameTenant("user_id", "users", "CASCADE");
  });
  await knex.schema.alterTable("tenants", (table) => {
    columns(knex, table).boolean("machine_access_confirmed").notNullable().defaultTo(true);
  });
  await knex("tenants")
    .where((open) =>
      open
        .where("password_sync", true)
        .orWhere("source_conflict", "adopt")
        .orWhereIn("id", knex("provisioning_tokens").whereNull("revoked_at").select("tenant_id"))
        .orWhereIn("id", knex("group_roles").select("tenant_id")),
    )
    .update({ machine_access_confirmed: false });
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw("alter table tenants drop column machine_access_confirmed");
  await knex.schema.dropTable("owner_approvals");
}
