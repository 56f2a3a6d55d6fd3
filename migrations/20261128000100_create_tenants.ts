import type { Knex } from "knex";
import { columns } from "./columns.ts";

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("tenants", (table) => {
    const { text, integer, boolean } = columns(knex, table);
    text("id").primary();
    text("slug").notNullable();
    text("name").notNullable();
    text("source_conflict").notNullable().defaultTo("refuse");
    // Counters, maintained with each insert and delete, so that lists need not count (docs/decisions/0004).
    integer("user_seq").notNullable().defaultTo(0);
    integer("user_count").notNullable().defaultTo(0);
    integer("group_seq").notNullable().defaultTo(0);
    integer("group_count").notNullable().defaultTo(0);
    boolean("password_sync").notNullable().defaultTo(false);
    integer("created_at").notNullable();
    // The part of user_count that provisioning manages; maintained in the same way.
    integer("provisioned_user_count").notNullable().defaultTo(0);
    integer("activity_days").notNullable().defaultTo(365);
    table.unique(["slug"], { indexName: "tenants_slug_unique" });
  });
  // The gaps that deletions left, so that a position in a list finds its row without counting.
  await knex.schema.createTable("list_gaps", (table) => {
    const { text, integer, tenant } = columns(knex, table);
    tenant();
    text("list").notNullable();
    integer("seq").notNullable();
    table.primary(["tenant_id", "list", "seq"]);
  });
  await knex.schema.createTable("tenant_domains", (table) => {
    const { text, integer, tenant } = columns(knex, table);
    tenant();
    text("domain").notNullable();
    text("verification_token").notNullable();
    integer("verified_at");
    table.primary(["tenant_id", "domain"]);
    // Several tenants may claim a domain. The login page looks them up.
    table.index(["domain"], "tenant_domains_domain_index");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("tenant_domains");
  await knex.schema.dropTable("list_gaps");
  await knex.schema.dropTable("tenants");
}
