import type { Knex } from "knex";
import { columns } from "./columns.ts";

/** The answers to requests that a client may repeat (draft-ietf-httpapi-idempotency-key-header). */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("idempotency_keys", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("user_id").notNullable();
    // The client ID of the agent that acts for the person; empty for their browser.
    text("agent").notNullable();
    text("key").notNullable();
    // A hash of the request: its method, path and body.
    text("fingerprint").notNullable();
    // Names the request that runs, or that gave the answer.
    text("reservation").notNullable();
    integer("reserved_at").notNullable();
    // NULL while the request runs.
    integer("status");
    text("headers");
    text("body");
    integer("expires_at").notNullable();
    table.primary(["tenant_id", "user_id", "agent", "key"]);
    table.index(["expires_at"], "idempotency_keys_expiry_index");
    sameTenant("user_id", "users", "CASCADE");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("idempotency_keys");
}
