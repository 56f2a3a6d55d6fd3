import type { Knex } from "knex";
import { columns } from "./columns.ts";

/** The rest of a tenant's session policy, and the index for the list of its sessions. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("tenants", (table) => {
    const { integer, boolean } = columns(knex, table);
    // NULL: administrators are not asked to sign in again.
    integer("admin_fresh_minutes");
    boolean("saml_unsolicited").notNullable().defaultTo(true);
  });
  await knex.schema.alterTable("sessions", (table) => {
    table.index(["tenant_id", "created_at", "sid_hash"], "sessions_tenant_index");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable("sessions", (table) => {
    table.dropIndex(["tenant_id", "created_at", "sid_hash"], "sessions_tenant_index");
  });
  for (const column of ["saml_unsolicited", "admin_fresh_minutes"])
    await knex.raw(`alter table tenants drop column ${column}`);
}
