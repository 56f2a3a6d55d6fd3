import type { Knex } from "knex";
import { columns } from "./columns.ts";

const added = [
  "edited_at",
  "edited_by",
  "edited_from",
  "guest_edited_at",
  "guest_edited_from",
  "guests_frozen_until",
  "secret_version",
];

/** Records who changed a connection's settings, which an owner sees before activating it. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("connections", (table) => {
    const { text, integer } = columns(knex, table);
    integer("edited_at");
    text("edited_by");
    // A network address.
    text("edited_from");
    // The last change by the guest of a set-up link, until the connection is activated.
    integer("guest_edited_at");
    text("guest_edited_from");
    // Until then guests cannot change anything, because an owner is reviewing the settings.
    integer("guests_frozen_until");
    // How often a client secret was entered. The secret itself is never shown or compared.
    integer("secret_version").notNullable().defaultTo(0);
  });
  await knex("connections").whereNotNull("sealed_secret").update({ secret_version: 1 });
}

export async function down(knex: Knex): Promise<void> {
  for (const column of added) await knex.raw(`alter table connections drop column ${column}`);
}
