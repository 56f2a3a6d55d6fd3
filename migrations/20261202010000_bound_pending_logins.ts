import type { Knex } from "knex";
import { columns } from "./columns.ts";

/** The network in which a sign-in began, hashed: a flood from one network must not push out the sign-ins of others. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("pending_logins", (table) => {
    // NULL if the former release began the sign-in, or if a signed-in person did.
    columns(knex, table).text("network_hash");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw("alter table pending_logins drop column network_hash");
}
