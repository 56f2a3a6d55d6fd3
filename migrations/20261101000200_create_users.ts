import type { Knex } from "knex";
import { columns } from "./columns.ts";

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("provisioning_sources", (table) => {
    const { text, integer, tenant } = columns(knex, table);
    tenant();
    text("id").notNullable();
    text("name").notNullable();
    integer("created_at").notNullable();
    table.primary(["tenant_id", "id"]);
    table.unique(["tenant_id", "name"], { indexName: "provisioning_sources_name_unique" });
  });
  await knex.schema.createTable("users", (table) => {
    const { text, integer, boolean, json, searchable, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("id").notNullable();
    integer("seq").notNullable();
    text("login_name").notNullable();
    text("login_name_key").notNullable();
    text("given_name");
    text("family_name");
    text("display_name");
    text("email");
    text("email_key");
    // The person's attributes in the shape of RFC 7643, as sent; and a copy with every text folded, for searches that
    // ignore case.
    json("attributes").notNullable().defaultTo("{}");
    searchable("attributes_key").notNullable().defaultTo("{}");
    text("entitlements").notNullable().defaultTo("[]");
    boolean("active").notNullable();
    boolean("blocked").notNullable();
    text("origin").notNullable();
    text("source_id");
    text("source_key");
    integer("access_epoch").notNullable().defaultTo(0);
    integer("version").notNullable().defaultTo(1);
    integer("created_at").notNullable();
    integer("updated_at").notNullable();
    table.primary(["tenant_id", "id"]);
    table.unique(["tenant_id", "seq"], { indexName: "users_seq_unique" });
    table.unique(["tenant_id", "login_name_key"], { indexName: "users_login_name_unique" });
    table.index(["tenant_id", "email_key"], "users_email_index");
    // Unique per source. Rows without a key do not conflict, because NULLs differ.
    table.unique(["tenant_id", "source_key", "source_id"], { indexName: "users_source_key_unique" });
    sameTenant("source_id", "provisioning_sources", "RESTRICT");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("users");
  await knex.schema.dropTable("provisioning_sources");
}
