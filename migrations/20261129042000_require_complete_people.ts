import type { Knex } from "knex";
import { columns } from "./columns.ts";

/**
 * Whether a provisioning client may create people without the required names and address. Existing tenants go on accepting
 * them, because their clients may send such people; an owner can change that.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("tenants", (table) => {
    const { text } = columns(knex, table);
    text("incomplete_people").notNullable().defaultTo("refuse");
  });
  await knex("tenants").update({ incomplete_people: "accept" });
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw("alter table tenants drop column incomplete_people");
}
