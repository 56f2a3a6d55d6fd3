import type { Knex } from "knex";
import { columns } from "./columns.ts";

/** The limits of a tenant's sessions, which were constants before, and the end that an identity provider sets. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("tenants", (table) => {
    const { integer } = columns(knex, table);
    integer("session_idle_minutes").notNullable().defaultTo(480);
    integer("session_absolute_minutes").notNullable().defaultTo(1440);
  });
  await knex.schema.alterTable("sessions", (table) => {
    // NULL if the identity provider sets no end.
    columns(knex, table).integer("ends_at");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw("alter table sessions drop column ends_at");
  for (const column of ["session_idle_minutes", "session_absolute_minutes"])
    await knex.raw(`alter table tenants drop column ${column}`);
}
