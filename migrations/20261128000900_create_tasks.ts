import type { Knex } from "knex";
import { columns } from "./columns.ts";

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("tasks", (table) => {
    const { text, integer, tenant } = columns(knex, table);
    tenant();
    text("id").notNullable();
    text("title").notNullable();
    integer("created_at").notNullable();
    integer("completed_at");
    table.primary(["tenant_id", "id"]);
    table.index(["tenant_id", "created_at"], "tasks_created_index");
  });
  // A separate table, so that removing a person unassigns their tasks automatically.
  await knex.schema.createTable("task_assignments", (table) => {
    const { text, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("task_id").notNullable();
    text("user_id").notNullable();
    table.primary(["tenant_id", "task_id"]);
    table.index(["tenant_id", "user_id"], "task_assignments_user_index");
    sameTenant("task_id", "tasks", "CASCADE");
    sameTenant("user_id", "users", "CASCADE");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("task_assignments");
  await knex.schema.dropTable("tasks");
}
