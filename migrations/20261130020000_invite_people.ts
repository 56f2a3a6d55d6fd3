import type { Knex } from "knex";
import { columns } from "./columns.ts";

/** People whom an administrator invited and who have not signed in yet. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("invitations", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("user_id").notNullable();
    // The administrator's login name at that time.
    text("invited_by").notNullable();
    // When it was last sent, and until when its links work.
    integer("sent_at").notNullable();
    integer("expires_at").notNullable();
    table.primary(["tenant_id", "user_id"]);
    sameTenant("user_id", "users", "CASCADE");
    table.index(["tenant_id", "sent_at", "user_id"], "invitations_sent_index");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("invitations");
  // The version before knows no other origin for people with a password of their own.
  await knex("users").where("origin", "invited").update({ origin: "local" });
}
