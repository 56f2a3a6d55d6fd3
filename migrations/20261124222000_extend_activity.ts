import type { Knex } from "knex";
import { columns } from "./columns.ts";

/** Makes the tenant's activity a list with filters and a retention period. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("activity", (table) => {
    const { text } = columns(knex, table);
    // The subject of the entry, so that a filter reads one range of an index.
    text("kind").notNullable().defaultTo("settings");
    // The acting user, if any. No foreign key, because activity outlives users.
    text("actor_id");
    // Why a sign-in was refused.
    text("reason");
    table.dropIndex([], "activity_at_index");
  });
  await knex("activity")
    .whereIn("actor_kind", ["provisioning", "universal-logout", "sign-in"])
    .update({ kind: knex.ref("actor_kind") });
  await knex.schema.alterTable("activity", (table) => {
    table.index(["tenant_id", "at", "id"], "activity_time_index");
    table.index(["tenant_id", "kind", "at", "id"], "activity_kind_index");
    table.index(["tenant_id", "target_id", "at", "id"], "activity_target_index");
  });
  await knex.raw(
    "create index activity_actor_index on activity (tenant_id, actor_id, at, id) where actor_id is not null",
  );
  await knex.schema.alterTable("tenants", (table) => {
    const { integer } = columns(knex, table);
    integer("activity_days").notNullable().defaultTo(365);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw("alter table tenants drop column activity_days");
  for (const name of ["actor", "target", "kind", "time"]) await knex.raw(`drop index activity_${name}_index`);
  for (const column of ["kind", "actor_id", "reason"]) {
    await knex.raw(`alter table activity drop column ${column}`);
  }
  await knex.schema.alterTable("activity", (table) => {
    table.index(["tenant_id", "at"], "activity_at_index");
  });
}
