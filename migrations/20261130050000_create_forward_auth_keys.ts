import type { Knex } from "knex";
import { columns } from "./columns.ts";

/** The deployment's keys for identity tokens, which products behind the same proxy verify. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("forward_auth_keys", (table) => {
    const { text, integer } = columns(knex, table);
    // 1, 2, …: of two replicas that create the next key at once, one fails.
    integer("generation").primary();
    text("public_key").notNullable();
    text("sealed_key").notNullable();
    integer("created_at").notNullable();
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("forward_auth_keys");
}
