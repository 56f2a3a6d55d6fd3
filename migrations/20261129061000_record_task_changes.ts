import type { Knex } from "knex";
import { columns } from "./columns.ts";

const added = ["version", "created_by", "created_agent", "changed_at", "changed_by", "changed_agent"];
const indexes = {
  tasks_newest_index: "",
  tasks_open_index: "where completed_at is null",
  tasks_done_index: "where completed_at is not null",
};

/** The people who created and last changed a task, and their agents; and indexes in the order of the lists. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("tasks", (table) => {
    const { text, integer } = columns(knex, table);
    integer("version").notNullable().defaultTo(1);
    // They outlive the person. NULL for tasks of older versions.
    text("created_by");
    text("changed_by");
    // The name of the agent that acted for the person; NULL if they acted in a browser.
    text("created_agent");
    text("changed_agent");
    integer("changed_at");
  });
  await knex.raw("drop index tasks_created_index");
  for (const [name, where] of Object.entries(indexes))
    await knex.raw(`create index ${name} on tasks (tenant_id, created_at, id) ${where}`);
}

export async function down(knex: Knex): Promise<void> {
  for (const name of Object.keys(indexes)) await knex.raw(`drop index ${name}`);
  await knex.raw("create index tasks_created_index on tasks (tenant_id, created_at)");
  for (const column of added) await knex.raw(`alter table tasks drop column ${column}`);
}
