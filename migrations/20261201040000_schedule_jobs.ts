import type { Knex } from "knex";
import { columns } from "./columns.ts";

/** Jobs at a time: the first time of an outbox message, and the jobs that recur. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("outbox", (table) => {
    // NULL if the message was due when it was added.
    columns(knex, table).integer("not_before");
  });
  await knex.schema.createTable("recurring_jobs", (table) => {
    const { text, integer } = columns(knex, table);
    text("name").primary();
    // When it runs next. While a process works on it, the end of its lease.
    integer("due_at").notNullable();
    // Increases with each lease.
    integer("claims").notNullable();
    // Since the last success.
    integer("failures").notNullable();
    integer("succeeded_at");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("recurring_jobs");
  await knex.raw("alter table outbox drop column not_before");
}
