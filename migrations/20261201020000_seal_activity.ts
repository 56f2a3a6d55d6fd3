import type { Knex } from "knex";
import { columns } from "./columns.ts";

/** Seals over the activity, so that a change by hand shows: docs/explanation/activity-seals.md. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("activity", (table) => {
    const { integer } = columns(knex, table);
    // The number of the seal that covers the entry; null until there is one.
    integer("seal");
  });
  await knex.raw("create index activity_unsealed on activity (tenant_id, at, id) where seal is null");

  await knex.schema.createTable("activity_trails", (table) => {
    const { text, integer, tenant } = columns(knex, table);
    tenant();
    // The key of this tenant's seals, encrypted with DATA_KEY.
    text("sealed_key").notNullable();
    // The oldest seal that is kept, and the value of the one before it.
    integer("first_number").notNullable();
    text("anchor").notNullable();
    integer("last_number").notNullable();
    text("last_seal").notNullable();
    integer("covered_until").notNullable();
    // Entries from before this time may be gone, because their retention period has ended.
    integer("removed_before").notNullable();
    text("mac").notNullable();
    table.primary(["tenant_id"]);
  });

  await knex.schema.createTable("activity_seals", (table) => {
    const { text, integer, tenant } = columns(knex, table);
    tenant();
    integer("number").notNullable();
    text("previous").notNullable();
    integer("covers_from").notNullable();
    integer("covers_until").notNullable();
    integer("sealed_at").notNullable();
    // The latest time of its entries.
    integer("last_at").notNullable();
    // A JSON list: id, time and digest of each entry.
    text("entries").notNullable();
    text("seal").notNullable();
    table.primary(["tenant_id", "number"]);
  });
}

export async function down(knex: Knex): Promise<void> {
  for (const table of ["activity_seals", "activity_trails"]) await knex.schema.dropTable(table);
  await knex.raw("drop index activity_unsealed");
  await knex.schema.alterTable("activity", (table) => {
    table.dropColumn("seal");
  });
}
