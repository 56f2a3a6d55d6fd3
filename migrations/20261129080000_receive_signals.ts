import type { Knex } from "knex";
import { columns } from "./columns.ts";

/** The streams by which identity providers tell us of events (OpenID Shared Signals Framework), and the events received. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("signal_streams", (table) => {
    const { text, integer, boolean, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("id").notNullable();
    text("connection_id").notNullable();
    // The push URL names the key, which an OIDC and a SAML connection may share: only one of them has a stream.
    text("connection_key").notNullable();
    text("status").notNullable();
    text("status_reason");
    // Paused by us. The status above is that of the transmitter.
    boolean("is_paused_here").notNullable();
    text("client_id").notNullable();
    text("sealed_client_secret").notNullable();
    // NULL until an administrator has authorized us at the provider.
    text("sealed_refresh_token");
    // The transmitter's metadata as JSON; NULL until it was read.
    text("transmitter");
    // The stream at the transmitter; NULL until it exists there.
    text("provider_stream_id");
    text("audiences");
    text("header_hash");
    // The verification in flight.
    text("state_hash");
    integer("state_at");
    integer("verified_at");
    text("events_requested").notNullable();
    text("events_delivered").notNullable();
    boolean("credential_change_ends_sessions").notNullable();
    integer("created_at").notNullable();
    integer("updated_at").notNullable();
    integer("last_event_at");
    text("last_event");
    table.primary(["tenant_id", "id"]);
    table.unique(["tenant_id", "connection_id"], { indexName: "signal_streams_connection_unique" });
    table.unique(["connection_key"], { indexName: "signal_streams_key_unique" });
    sameTenant("connection_id", "connections", "CASCADE");
    table
      .foreign(["tenant_id", "connection_key"])
      .references(["tenant_id", "key"])
      .inTable("connection_keys")
      .onDelete("RESTRICT");
  });
  // Only the ids of events, to act on each once.
  await knex.schema.createTable("received_signals", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("stream_id").notNullable();
    text("jti_hash").notNullable();
    integer("expires_at").notNullable();
    table.primary(["tenant_id", "stream_id", "jti_hash"]);
    table.index(["expires_at"], "received_signals_expiry_index");
    sameTenant("stream_id", "signal_streams", "CASCADE");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("received_signals");
  await knex.schema.dropTable("signal_streams");
}
