import type { Knex } from "knex";
import { columns } from "./columns.ts";

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("connection_keys", (table) => {
    const { text, integer } = columns(knex, table);
    // No foreign key: a key outlives its tenant, so that no other tenant can ever serve its URLs.
    text("key").primary();
    text("tenant_id").notNullable();
    integer("created_at").notNullable();
    table.unique(["tenant_id", "key"], { indexName: "connection_keys_tenant_unique" });
  });
  await knex.schema.createTable("connections", (table) => {
    const { text, integer, boolean, tenant } = columns(knex, table);
    tenant();
    text("id").notNullable();
    text("key").notNullable();
    text("type").notNullable();
    text("status").notNullable();
    boolean("just_in_time").notNullable();
    text("subject_kind").notNullable();
    text("settings");
    text("sealed_secret");
    // The secret before a rotation, kept until the new one has worked.
    text("sealed_former_secret");
    // The provider's id of this application in its tokens: OIDC client id or SAML app instance id.
    text("provider_app_id");
    integer("created_at").notNullable();
    integer("updated_at").notNullable();
    // When a test sign-in last succeeded with these settings.
    integer("tested_at");
    table.primary(["tenant_id", "id"]);
    table.unique(["key", "type"], { indexName: "connections_key_unique" });
    table.index(["provider_app_id"], "connections_provider_app_index");
    table
      .foreign(["tenant_id", "key"])
      .references(["tenant_id", "key"])
      .inTable("connection_keys")
      .onDelete("RESTRICT");
  });
  await knex.schema.createTable("identities", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("connection_id").notNullable();
    text("subject").notNullable();
    text("user_id").notNullable();
    text("email");
    text("email_key");
    integer("last_sign_in_at");
    integer("created_at").notNullable();
    table.primary(["tenant_id", "connection_id", "subject"]);
    table.index(["tenant_id", "user_id"], "identities_user_index");
    table.index(["tenant_id", "email_key"], "identities_email_index");
    sameTenant("connection_id", "connections", "CASCADE");
    sameTenant("user_id", "users", "CASCADE");
  });
  // Domains whose people may sign in through one connection only.
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
  await knex.schema.dropTable("identities");
  await knex.schema.dropTable("connections");
  await knex.schema.dropTable("connection_keys");
}
