import type { Knex } from "knex";
import { columns } from "./columns.ts";

/** Where a tenant's activity is sent, and what has to be sent there. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("webhook_endpoints", (table) => {
    const { text, integer, tenant } = columns(knex, table);
    tenant();
    text("id").notNullable();
    text("url").notNullable();
    // A JSON list of areas of the activity; null for all, also future ones.
    text("kinds");
    text("sealed_secret").notNullable();
    // Signs, too, until the time.
    text("former_sealed_secret");
    integer("former_until");
    // "active", "paused" by a person, or "failing": paused because it failed for days.
    text("state").notNullable();
    integer("created_at").notNullable();
    // When the next attempt may begin. While a process works on it, the end of its lease.
    integer("due_at").notNullable();
    // Increases with each lease.
    integer("claims").notNullable();
    integer("failures").notNullable();
    integer("failing_since");
    table.primary(["tenant_id", "id"]);
  });
  await knex.raw("create index webhook_endpoints_due on webhook_endpoints (due_at) where state = 'active'");

  await knex.schema.createTable("webhook_deliveries", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("endpoint_id").notNullable();
    text("activity_id").notNullable();
    // The entry's time, which is the order.
    integer("at").notNullable();
    // "waiting", "sent" or "failed".
    text("state").notNullable();
    integer("attempts").notNullable();
    integer("first_attempt_at");
    text("answer");
    integer("settled_at");
    table.primary(["tenant_id", "activity_id", "endpoint_id"]);
    sameTenant("endpoint_id", "webhook_endpoints", "CASCADE");
    sameTenant("activity_id", "activity", "CASCADE");
    table.index(["tenant_id", "endpoint_id", "at", "activity_id"], "webhook_deliveries_order");
  });
  for (const state of ["waiting", "failed"])
    await knex.raw(
      `create index webhook_deliveries_${state} on webhook_deliveries (tenant_id, endpoint_id, at, activity_id) where state = '${state}'`,
    );
  await knex.raw(
    "create index webhook_deliveries_settled on webhook_deliveries (settled_at) where settled_at is not null",
  );
}

export async function down(knex: Knex): Promise<void> {
  for (const table of ["webhook_deliveries", "webhook_endpoints"]) await knex.schema.dropTable(table);
}
