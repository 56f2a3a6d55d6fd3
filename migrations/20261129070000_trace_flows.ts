import type { Knex } from "knex";
import { columns } from "./columns.ts";

const added = ["flow", "flow_kind", "ms", "sent_from", "sent_to", "carried", "method", "code"];

/** The flows of the inspector's messages, and when and between whom each message was sent. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("inspector_messages", (table) => {
    const { text, integer } = columns(knex, table);
    // The number of the flow's first message. NULL while an older version of this application adds messages.
    integer("flow");
    text("flow_kind").notNullable().defaultTo("sign-in");
    integer("ms").notNullable().defaultTo(0);
    text("sent_from").notNullable().defaultTo("okta");
    text("sent_to").notNullable().defaultTo("product");
    table.boolean("carried").notNullable().defaultTo(false);
    text("method");
    integer("code");
  });
  // Older messages are flows of their own.
  await knex("inspector_messages").update({ flow: knex.ref("seq") });
  const kinds = { scim: "provisioning", "universal-logout": "logout", "cross-app-access": "agent-call" };
  for (const [protocol, kind] of Object.entries(kinds))
    await knex("inspector_messages").where({ protocol }).update({ flow_kind: kind });
  await knex.raw("create index inspector_messages_flow_index on inspector_messages (tenant_id, flow, seq)");

  // How later messages find their flow.
  await knex.schema.createTable("inspector_flow_keys", (table) => {
    const { text, integer, tenant } = columns(knex, table);
    tenant();
    // A hash: keys are states, tickets and tokens.
    text("key_hash").notNullable();
    integer("flow").notNullable();
    // Of the last message with this key, and how many messages the flow had then.
    integer("seq").notNullable();
    integer("at").notNullable();
    integer("messages").notNullable();
    table.primary(["tenant_id", "key_hash"]);
    table.index(["tenant_id", "seq"], "inspector_flow_keys_seq_index");
    table.index(["at"], "inspector_flow_keys_at_index");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("inspector_flow_keys");
  await knex.raw("drop index inspector_messages_flow_index");
  for (const column of added) await knex.raw(`alter table inspector_messages drop column ${column}`);
}
