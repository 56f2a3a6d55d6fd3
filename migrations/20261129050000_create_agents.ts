import type { Knex } from "knex";
import { columns } from "./columns.ts";

/** Agents that act for people (Cross App Access), and their access tokens. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("agents", (table) => {
    const { text, integer } = columns(knex, table);
    text("client_id").primary();
    // NULL for an agent of the whole deployment, which the operator registered.
    text("tenant_id");
    text("name").notNullable();
    // The keys of an agent that authenticates with a JWT; NULL for one with secrets.
    text("jwks_uri");
    // Separated by spaces (RFC 6749 §3.3).
    text("scopes").notNullable();
    integer("created_at").notNullable();
    integer("revoked_at");
    table.index(["tenant_id", "created_at"], "agents_tenant_index");
    table.foreign("tenant_id").references("id").inTable("tenants").onDelete("CASCADE");
  });
  await knex.schema.createTable("agent_secrets", (table) => {
    const { text, integer } = columns(knex, table);
    text("secret_hash").primary();
    text("client_id").notNullable();
    text("hint").notNullable();
    integer("created_at").notNullable();
    table.index(["client_id"], "agent_secrets_client_index");
    table.foreign("client_id").references("client_id").inTable("agents").onDelete("CASCADE");
  });
  // An agent as a tenant knows it, after it acted there. An agent with a metadata document has no row in `agents`.
  await knex.schema.createTable("tenant_agents", (table) => {
    const { text, integer, tenant } = columns(knex, table);
    tenant();
    text("client_id").notNullable();
    text("name").notNullable();
    integer("blocked_at");
    integer("last_used_at");
    text("last_user_id");
    table.primary(["tenant_id", "client_id"]);
  });
  // An agent's access to one person's data, which the person may revoke.
  await knex.schema.createTable("agent_grants", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("user_id").notNullable();
    text("client_id").notNullable();
    text("scopes").notNullable();
    integer("first_used_at").notNullable();
    integer("last_used_at").notNullable();
    integer("revoked_at");
    table.primary(["tenant_id", "user_id", "client_id"]);
    table.index(["tenant_id", "client_id"], "agent_grants_client_index");
    sameTenant("user_id", "users", "CASCADE");
    table
      .foreign(["tenant_id", "client_id"])
      .references(["tenant_id", "client_id"])
      .inTable("tenant_agents")
      .onDelete("CASCADE");
  });
  await knex.schema.createTable("access_tokens", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("id").notNullable();
    text("token_hash").notNullable();
    text("user_id").notNullable();
    text("connection_id").notNullable();
    text("client_id").notNullable();
    // The identity provider's name of the agent (the claim `act`); NULL if it sent none.
    text("act");
    text("scopes").notNullable();
    text("resources").notNullable();
    // The person's role when the token was issued: a token does not outlive a role.
    text("role").notNullable();
    // The thumbprint of the key that the token is bound to (RFC 9449); NULL for a bearer token.
    text("key_thumbprint");
    integer("access_epoch").notNullable();
    integer("created_at").notNullable();
    integer("expires_at").notNullable();
    table.primary(["tenant_id", "id"]);
    table.unique(["token_hash"], { indexName: "access_tokens_hash_unique" });
    table.index(["tenant_id", "user_id", "client_id"], "access_tokens_user_index");
    table.index(["tenant_id", "client_id"], "access_tokens_client_index");
    table.index(["expires_at"], "access_tokens_expiry_index");
    sameTenant("user_id", "users", "CASCADE");
    sameTenant("connection_id", "connections", "CASCADE");
    table
      .foreign(["tenant_id", "client_id"])
      .references(["tenant_id", "client_id"])
      .inTable("tenant_agents")
      .onDelete("CASCADE");
  });
  await addIssuers(knex);
}

/** The org's names of a connection, by which the token endpoint finds it. `settings` has them, too. */
async function addIssuers(knex: Knex): Promise<void> {
  await knex.schema.alterTable("connections", (table) => {
    const { text } = columns(knex, table);
    text("provider_issuer");
    text("provider_issuer_alias");
    table.index(["provider_issuer"], "connections_issuer_index");
    table.index(["provider_issuer_alias"], "connections_issuer_alias_index");
  });
  const rows: { id: string; settings: string }[] = await knex("connections")
    .whereNotNull("settings")
    .select("id", "settings");
  for (const { id, settings } of rows) {
    const known = JSON.parse(settings);
    const [issuer, alias] = [known.issuer ?? known.orgUrl, known.issuerAlias ?? known.orgUrlAlias];
    await knex("connections")
      .where({ id })
      .update({ provider_issuer: withoutSlash(issuer), provider_issuer_alias: withoutSlash(alias) });
  }
}

function withoutSlash(issuer: string | null | undefined): string | null {
  return issuer ? issuer.replace(/\/$/, "") : null;
}

export async function down(knex: Knex): Promise<void> {
  for (const index of ["connections_issuer_index", "connections_issuer_alias_index"])
    await knex.raw(`drop index ${index}`);
  for (const column of ["provider_issuer", "provider_issuer_alias"])
    await knex.raw(`alter table connections drop column ${column}`);
  for (const table of ["access_tokens", "agent_grants", "tenant_agents", "agent_secrets", "agents"])
    await knex.schema.dropTable(table);
}
