import type { Knex } from "knex";
import { columns } from "./columns.ts";

/** People's keys for the API. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("api_keys", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("id").notNullable();
    text("key_hash").notNullable();
    // The first characters, by which people recognize the key.
    text("hint").notNullable();
    text("user_id").notNullable();
    text("name").notNullable();
    text("scopes").notNullable();
    // The person's role and epoch when the key was created: a key does not outlive a role, or a revocation of access.
    text("role").notNullable();
    integer("access_epoch").notNullable();
    integer("created_at").notNullable();
    integer("last_used_at");
    // NULL for a key that does not expire.
    integer("expires_at");
    integer("revoked_at");
    table.primary(["tenant_id", "id"]);
    table.unique(["key_hash"], { indexName: "api_keys_hash_unique" });
    table.index(["tenant_id", "user_id"], "api_keys_user_index");
    sameTenant("user_id", "users", "CASCADE");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("api_keys");
}
