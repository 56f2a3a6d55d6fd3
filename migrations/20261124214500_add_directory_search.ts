import type { Knex } from "knex";
import { columns } from "./columns.ts";

/**
 * What the directory pages ask: people whose login name, e-mail, family or given name begins with a text, in one state
 * and of one origin. Each index holds the people of one state and origin together, in the order of one name, so that a
 * page of any such list is read from where it begins, however many people there are. All of it is one expression, unique
 * by its end, which no other statement uses: an index that began with the columns themselves would draw SQLite's planner
 * away from better ones, and here it would prefer those on the names alone. U+001F ends the name: nobody types it.
 */
const kind = `case when blocked then 'blocked-' else '' end || case when active then 'active-' else 'inactive-' end || origin`;

const searches = {
  login_name: "",
  // Where it is the login name, as Okta has it by default, the address needs no entry of its own.
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
    // Those of user_count whom provisioning manages; maintained as that is.
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

interface Named {
  tenant_id: string;
  id: string;
  given_name: string | null;
  family_name: string | null;
}

/** Fills the new columns of the rows that are there, some at a time. No engine folds case as the application does. */
async function fillNameKeys(knex: Knex): Promise<void> {
  for (let after = ["", ""]; ; ) {
    const rows: Named[] = await knex("users")
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
