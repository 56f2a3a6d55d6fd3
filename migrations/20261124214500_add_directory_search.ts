import type { Knex } from "knex";
import { columns } from "./columns.ts";

/**
 * Indexes for the directory pages: people of one status and origin whose login name, e-mail, family or given name begins
 * with a text. Each index sorts people by status, origin and one name, so that a page is read from its first row,
 * regardless of the number of people. The key is one expression that no other statement uses, because an index on the
 * plain columns would lure SQLite's planner away from better ones. U+001F, which people do not type, ends the name; `seq`
 * makes the key unique.
 */
const kind = `case when blocked then 'blocked-' else '' end || case when active then 'active-' else 'inactive-' end || origin`;

const searches = {
  login_name: "",
  // An address that equals the login name (the default at Okta) needs no entry.
  email: "where email_key <> login_name_key",
  family_name: "",
  given_name: "",
};

export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("users", (table) => {
    const { text } = columns(knex, table);
    text("given_name_key");
    text("family_name_key");
  });
  await fillNameKeys(knex);
  for (const [name, condition] of Object.entries(searches)) {
    await knex.raw(
      `create index users_${name}_search on users
       (tenant_id, (${kind} || '/' || ${name}_key || '\u001f' || cast(seq as text))) ${condition}`,
    );
  }
  await knex.schema.alterTable("tenants", (table) => {
    const { integer } = columns(knex, table);
    // The provisioned users among user_count, maintained likewise.
    integer("provisioned_user_count").notNullable().defaultTo(0);
  });
  await knex.raw(
    `update tenants set provisioned_user_count =
     (select count(*) from users where users.tenant_id = tenants.id and users.origin = 'scim')`,
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw("alter table tenants drop column provisioned_user_count");
  for (const name of Object.keys(searches)) await knex.raw(`drop index users_${name}_search`);
  for (const column of ["given_name_key", "family_name_key"]) {
    await knex.raw(`alter table users drop column ${column}`);
  }
}

interface NameRow {
  tenant_id: string;
  id: string;
  given_name: string | null;
  family_name: string | null;
}

/** Fills the new columns of existing rows in chunks. Done here because no engine folds case as the application does. */
async function fillNameKeys(knex: Knex): Promise<void> {
  for (let after = ["", ""]; ; ) {
    const rows: NameRow[] = await knex("users")
      .whereRaw("(tenant_id, id) > (?, ?)", after)
      .orderBy(["tenant_id", "id"])
      .limit(500)
      .select("tenant_id", "id", "given_name", "family_name");
    for (const { tenant_id, id, given_name, family_name } of rows) {
      const keys = { given_name_key: key(given_name), family_name_key: key(family_name) };
      await knex("users").where({ tenant_id, id }).update(keys);
    }
    const last = rows.at(-1);
    if (!last) return;
    after = [last.tenant_id, last.id];
  }
}

function key(name: string | null): string | null {
  return name === null ? null : name.normalize("NFC").toLowerCase().slice(0, 200);
}
