import type { Knex } from "knex";
import { columns } from "./columns.ts";

const ofConnections = ["is_provisioned", "is_catalog_app", "admitted_at", "secret_entered_at"];
const ofLinks = ["seen_at", "seen_step"];

/** Keeps the choices that begin a connection's set-up, both verdicts of its test, and how far the guest of its link is. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("connections", (table) => {
    const { boolean, integer } = columns(knex, table);
    // Null until an administrator has answered.
    boolean("is_provisioned");
    boolean("is_catalog_app");
    // When a person was first known to get in. tested_at only says that the provider's answer was accepted.
    integer("admitted_at");
    integer("secret_entered_at");
  });
  // Until now, only a test whose person would get in counted.
  await knex("connections").update({ admitted_at: knex.ref("tested_at") });
  await knex.schema.alterTable("one_time_links", (table) => {
    const { integer } = columns(knex, table);
    integer("seen_at");
    integer("seen_step");
  });
}

export async function down(knex: Knex): Promise<void> {
  for (const column of ofLinks) await knex.raw(`alter table one_time_links drop column ${column}`);
  for (const column of ofConnections) await knex.raw(`alter table connections drop column ${column}`);
}
