import type { Knex } from "knex";
import { columns } from "./columns.ts";

/** Work that follows from a change and happens after it, and the signals that a connection's org wants to hear. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("outbox", (table) => {
    const { text, integer, json, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("id").notNullable();
    // Which handler does the work: src/store/tenant/outbox.ts.
    text("kind").notNullable();
    // Both may be missing. The receiver of the message, and the person that it is about.
    text("connection_id");
    text("user_id");
    json("facts").notNullable();
    integer("created_at").notNullable();
    // When it may be done next. While a process works on it, the end of its lease. Null once it is settled.
    integer("due_at");
    integer("attempts").notNullable();
    text("state").notNullable();
    text("answer");
    integer("settled_at");
    table.primary(["tenant_id", "id"]);
    sameTenant("connection_id", "connections", "CASCADE");
    sameTenant("user_id", "users", "CASCADE");
    table.index(["tenant_id", "connection_id", "created_at"], "outbox_connection_index");
    table.index(["tenant_id", "user_id"], "outbox_user_index");
  });
  await knex.raw("create index outbox_due on outbox (due_at) where due_at is not null");
  await knex.raw("create index outbox_settled on outbox (settled_at) where settled_at is not null");

  await knex.schema.alterTable("connections", (table) => {
    // The connection's row is read at each sign-in anyway: a connection that sends no signals costs no more.
    columns(knex, table).boolean("sends_signals").notNullable().defaultTo(false);
  });
  await knex.schema.createTable("signal_keys", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("connection_id").notNullable();
    // 1, 2, …: of two replicas that create a connection's next key at once, one fails.
    integer("generation").notNullable();
    // A JWK with its kid.
    text("public_key").notNullable();
    text("sealed_key").notNullable();
    integer("created_at").notNullable();
    table.primary(["tenant_id", "connection_id", "generation"]);
    sameTenant("connection_id", "connections", "CASCADE");
  });
  await knex.schema.createTable("refused_people", (table) => {
    const { text, integer, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("user_id").notNullable();
    // The refusals since the start of the window.
    integer("started_at").notNullable();
    integer("count").notNullable();
    table.primary(["tenant_id", "user_id"]);
    sameTenant("user_id", "users", "CASCADE");
    table.index(["started_at"], "refused_people_age_index");
  });
}

export async function down(knex: Knex): Promise<void> {
  for (const table of ["refused_people", "signal_keys", "outbox"]) await knex.schema.dropTable(table);
  await knex.raw("alter table connections drop column sends_signals");
}
