import type { Knex } from "knex";
import { columns } from "./columns.ts";

export async function up(knex: Knex): Promise<void> {
  // One row for each tenant that ever recorded.
  await knex.schema.createTable("inspectors", (table) => {
    const { integer, tenant } = columns(knex, table);
    tenant();
    // The end of the recording; 0 is off.
    integer("recording_until").notNullable().defaultTo(0);
    // Numbers messages in commit order, so that a reader who knows the last one misses none.
    integer("last_seq").notNullable().defaultTo(0);
    integer("dropped").notNullable().defaultTo(0);
    table.primary(["tenant_id"]);
    table.index(["recording_until"], "inspectors_recording_index");
  });
  await knex.schema.createTable("inspector_messages", (table) => {
    const { text, integer, json, tenant } = columns(knex, table);
    tenant();
    integer("seq").notNullable();
    integer("at").notNullable();
    text("protocol").notNullable();
    text("step").notNullable();
    text("verdict").notNullable();
    text("summary").notNullable();
    text("request_id").notNullable();
    text("connection_key");
    // The person, to show; and all their names, to search.
    text("person");
    text("people_key").notNullable();
    text("file").notNullable();
    // Request, response and checks. The last column, because lists do not read it.
    json("content").notNullable();
    table.primary(["tenant_id", "seq"]);
    table.index(["at"], "inspector_messages_at_index");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("inspector_messages");
  await knex.schema.dropTable("inspectors");
}
