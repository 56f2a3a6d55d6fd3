import type { Knex } from "knex";
import { columns } from "./columns.ts";

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("groups", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("id").notNullable();
    integer("seq").notNullable();
    text("display_name").notNullable();
    text("display_name_key").notNullable();
    text("source_id");
    text("source_key");
    integer("version").notNullable().defaultTo(1);
    integer("created_at").notNullable();
    integer("updated_at").notNullable();
    table.primary(["tenant_id", "id"]);
    table.unique(["tenant_id", "seq"], { indexName: "groups_seq_unique" });
    table.unique(["tenant_id", "display_name_key"], { indexName: "groups_display_name_unique" });
    table.unique(["tenant_id", "source_key", "source_id"], { indexName: "groups_source_key_unique" });
    sameTenant("source_id", "provisioning_sources", "RESTRICT");
  });
  await knex.schema.createTable("group_members", (table) => {
    const { text, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("group_id").notNullable();
    text("user_id").notNullable();
    table.primary(["tenant_id", "group_id", "user_id"]);
    // A covering index: otherwise SQLite would prefer to scan the tenant's part of the primary key, which covers too.
    table.index(["tenant_id", "user_id", "group_id"], "group_members_user_index");
    sameTenant("group_id", "groups", "CASCADE");
    sameTenant("user_id", "users", "CASCADE");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("group_members");
  await knex.schema.dropTable("groups");
}
