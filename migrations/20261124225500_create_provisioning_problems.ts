import type { Knex } from "knex";
import { columns } from "./columns.ts";

/** Failed provisioning calls. Keeps only the last one of each kind, so that the table stays small. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("provisioning_problems", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("source_id").notNullable();
    // A SCIM keyword or our own. With the call, it says what to do.
    text("kind").notNullable();
    text("call").notNullable();
    integer("status").notNullable();
    text("detail").notNullable();
    text("request_id").notNullable();
    integer("at").notNullable();
    table.primary(["tenant_id", "source_id", "kind", "call"]);
    sameTenant("source_id", "provisioning_sources", "CASCADE");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("provisioning_problems");
}
