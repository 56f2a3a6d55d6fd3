import type { Knex } from "knex";
import { columns } from "./columns.ts";

/** The second step of a local sign-in: who needs one, authenticator apps, passkeys and recovery codes. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("tenants", (table) => {
    const { text } = columns(knex, table);
    text("second_step").notNullable().defaultTo("none");
  });
  await knex.schema.createTable("authenticators", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("user_id").notNullable();
    text("sealed_key").notNullable();
    // The time step of the last accepted code: a code works once.
    integer("last_step").notNullable();
    integer("created_at").notNullable();
    table.primary(["tenant_id", "user_id"]);
    sameTenant("user_id", "users", "CASCADE");
  });
  await knex.schema.createTable("recovery_codes", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("user_id").notNullable();
    text("code_hash").notNullable();
    integer("created_at").notNullable();
    table.primary(["tenant_id", "user_id", "code_hash"]);
    sameTenant("user_id", "users", "CASCADE");
  });
  await knex.schema.createTable("passkeys", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    // The credential ID, in base64url. A sign-in finds the tenant by it.
    text("id").notNullable();
    text("user_id").notNullable();
    text("name").notNullable();
    // COSE, in base64url.
    text("public_key").notNullable();
    integer("counter").notNullable();
    // How the browser reaches the authenticator, separated by spaces.
    text("transports").notNullable();
    integer("created_at").notNullable();
    integer("last_used_at");
    table.primary(["tenant_id", "id"]);
    table.unique(["id"], { indexName: "passkeys_id_unique" });
    table.index(["tenant_id", "user_id"], "passkeys_user_index");
    sameTenant("user_id", "users", "CASCADE");
  });
}

export async function down(knex: Knex): Promise<void> {
  for (const table of ["passkeys", "recovery_codes", "authenticators"]) await knex.schema.dropTable(table);
  await knex.raw("alter table tenants drop column second_step");
}
