import type { Knex } from "knex";
import { columns } from "./columns.ts";

/**
 * The directory pages search for people whose login name, email, family name or given name begins with a text, in one
 * state and of one origin. Each index holds the people of one state and origin in the order of one name, so any page of
 * such a list is one range of an index, however many people there are. The key is a single expression that no other
 * statement uses: SQLite's planner would prefer an index on the plain columns to better ones, and here it would prefer an
 * index on the name alone. U+001F ends the name, because no one types it; the sequence number makes the key unique.
 */
const kind = `case when blocked then 'blocked-' else '' end || case when active then 'active-' else 'inactive-' end || origin`;

const searches = {
  login_name: "",
  // By Okta's default the address is the login name: it then needs no entry of its own.
  email: "where email_key <> login_name_key",
  family_name: "",
  given_name: "",
};

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("provisioning_sources", (table) => {
    const { text, integer, tenant } = columns(knex, table);
    tenant();
    text("id").notNullable();
    text("name").notNullable();
    integer("created_at").notNullable();
    table.primary(["tenant_id", "id"]);
    table.unique(["tenant_id", "name"], { indexName: "provisioning_sources_name_unique" });
  });
  await knex.schema.createTable("users", (table) => {
    const { text, integer, boolean, json, searchable, tenant, sameTenant } = columns(knex, table);
    tenant();
    text("id").notNullable();
    integer("seq").notNullable();
    text("login_name").notNullable();
    text("login_name_key").notNullable();
    text("given_name");
    text("family_name");
    text("display_name");
    text("email");
    text("email_key");
    // The person's attributes in the shape of RFC 7643, as sent; and a copy with every text folded, for searches that
    // ignore case.
    json("attributes").notNullable().defaultTo("{}");
    searchable("attributes_key").notNullable().defaultTo("{}");
    text("entitlements").notNullable().defaultTo("[]");
    boolean("active").notNullable();
    boolean("blocked").notNullable();
    text("origin").notNullable();
    text("source_id");
    text("source_key");
    integer("access_epoch").notNullable().defaultTo(0);
    integer("version").notNullable().defaultTo(1);
    integer("created_at").notNullable();
    integer("updated_at").notNullable();
    text("given_name_key");
    text("family_name_key");
    table.primary(["tenant_id", "id"]);
    table.unique(["tenant_id", "seq"], { indexName: "users_seq_unique" });
    table.unique(["tenant_id", "login_name_key"], { indexName: "users_login_name_unique" });
    table.index(["tenant_id", "email_key"], "users_email_index");
    // Unique per source. Rows without a key do not conflict, because NULLs differ.
    table.unique(["tenant_id", "source_key", "source_id"], { indexName: "users_source_key_unique" });
    sameTenant("source_id", "provisioning_sources", "RESTRICT");
  });
  for (const [name, condition] of Object.entries(searches)) {
    await knex.raw(
      `create index users_${name}_search on users
       (tenant_id, (${kind} || '/' || ${name}_key || '\u001f' || cast(seq as text))) ${condition}`,
    );
  }
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("users");
  await knex.schema.dropTable("provisioning_sources");
}
