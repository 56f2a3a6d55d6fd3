import type { Knex } from "knex";
import { columns } from "./columns.ts";

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("activity", (table) => {
    const { text, integer, tenant } = columns(knex, table);
    tenant();
    text("id").notNullable();
    integer("at").notNullable();
    // The actor: a kind and a name, for example of the provisioning source.
    text("actor_kind").notNullable();
    text("actor").notNullable();
    text("action").notNullable();
    text("target_id");
    // Names of the changed attributes, never their values.
    text("changed").notNullable();
    text("request_id");
    table.primary(["tenant_id", "id"]);
    table.index(["tenant_id", "at"], "activity_at_index");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("activity");
}
