import type { Knex } from "knex";
import { columns } from "./columns.ts";

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("activity", (table) => {
    const { text, integer, tenant } = columns(knex, table);
    tenant();
    text("id").notNullable();
    integer("at").notNullable();
    // The actor: a kind and a name, for example the provisioning source's.
    text("actor_kind").notNullable();
    text("actor").notNullable();
    text("action").notNullable();
    text("target_id");
    // Names of what changed, never values.
    text("changed").notNullable();
    text("request_id");
    // The area that it belongs to, so that a filter reads one range of an index.
    text("kind").notNullable().defaultTo("settings");
    // The user who did it, if it was one. No foreign key: the record outlives the user.
    text("actor_id");
    // Why a sign-in was refused.
    text("reason");
    table.primary(["tenant_id", "id"]);
    table.index(["tenant_id", "at", "id"], "activity_time_index");
    table.index(["tenant_id", "kind", "at", "id"], "activity_kind_index");
    table.index(["tenant_id", "target_id", "at", "id"], "activity_target_index");
  });
  await knex.raw(
    "create index activity_actor_index on activity (tenant_id, actor_id, at, id) where actor_id is not null",
  );
  // Each person's last successful sign-in is read without the rest of their activity.
  await knex.raw(
    "create index activity_success_index on activity (tenant_id, target_id, at) where action = 'sign_in.succeeded'",
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("activity");
}
