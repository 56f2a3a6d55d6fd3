import type { Knex } from "knex";
import { columns } from "./columns.ts";

/** OAuth 2.0 for SCIM: the client of the deployment, the codes that owners allow, and the grants that come of them. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("agents", (table) => {
    // An agent, or the client of provisioning. Both authenticate at the token endpoint.
    columns(knex, table).text("kind").notNullable().defaultTo("agent");
  });
  await knex.schema.createTable("provisioning_grants", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("id").notNullable();
    text("source_id").notNullable();
    text("client_id").notNullable();
    // The owner who allowed it. No reference: the grant outlives the person (docs/decisions/0053).
    text("allowed_by").notNullable();
    text("allowed_by_id").notNullable();
    integer("created_at").notNullable();
    integer("last_used_at");
    integer("ended_at");
    text("end_cause");
    // The part that all refresh tokens of the grant share, and the secret part of the valid one; SHA-256 of each.
    text("family_hash").notNullable();
    text("refresh_hash").notNullable();
    integer("refreshed_at").notNullable();
    integer("refresh_expires_at").notNullable();
    // The token before, and the sealed response that replaced it: a client that lost the response gets it again.
    text("former_hash");
    text("sealed_response");
    table.primary(["tenant_id", "id"]);
    table.unique(["family_hash"], { indexName: "provisioning_grants_family_unique" });
    table.index(["tenant_id", "source_id"], "provisioning_grants_source_index");
    table.index(["client_id"], "provisioning_grants_client_index");
    sameTenant("source_id", "provisioning_sources", "CASCADE");
    table.foreign("client_id").references("client_id").inTable("agents").onDelete("CASCADE");
  });
  await knex.schema.createTable("provisioning_codes", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("id").notNullable();
    text("code_hash").notNullable();
    text("client_id").notNullable();
    text("redirect_uri").notNullable();
    // PKCE, S256 (RFC 7636); NULL if the client sent none.
    text("challenge");
    text("source_name").notNullable();
    text("user_id").notNullable();
    integer("access_epoch").notNullable();
    integer("expires_at").notNullable();
    // The grant that came of the code: a code that is presented again ends it (RFC 6749 §4.1.2).
    text("grant_id");
    table.primary(["tenant_id", "id"]);
    table.unique(["code_hash"], { indexName: "provisioning_codes_hash_unique" });
    table.index(["tenant_id", "user_id"], "provisioning_codes_user_index");
    table.index(["expires_at"], "provisioning_codes_expiry_index");
    sameTenant("user_id", "users", "CASCADE");
    sameTenant("grant_id", "provisioning_grants", "CASCADE");
    table.foreign("client_id").references("client_id").inTable("agents").onDelete("CASCADE");
  });
  await knex.schema.alterTable("provisioning_tokens", (table) => {
    // The grant of an OAuth access token; NULL for a header token. SQLite cannot add a composite foreign key to a table. The
    // token refers to the grant's source, so neither outlives the other's tenant or source.
    columns(knex, table).text("grant_id");
    table.index(["tenant_id", "grant_id"], "provisioning_tokens_grant_index");
  });
}

/** Access tokens would be header tokens without their grants, and the client an agent. */
export async function down(knex: Knex): Promise<void> {
  await knex("provisioning_tokens").whereNotNull("grant_id").delete();
  await knex.raw("drop index provisioning_tokens_grant_index");
  await knex.raw("alter table provisioning_tokens drop column grant_id");
  await knex.schema.dropTable("provisioning_codes");
  await knex.schema.dropTable("provisioning_grants");
  await knex("agents").where("kind", "provisioning").delete();
  await knex.raw("alter table agents drop column kind");
}
