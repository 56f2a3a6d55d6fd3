import type { Knex } from "knex";
import { columns } from "./columns.ts";

/**
 * Keeps what clients say about roles and entitlements (type, primary, display) in the user's document. Before, only the ids
 * were kept: as grants, and in `users.entitlements`. Both stay, because the rights follow from them.
 *
 * The only role of a user becomes the primary one. A client that gave it as primary looks for the primary role to replace
 * it; if it found none, its next change would add a second role.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("tenants", (table) => {
    // The rule for roles and entitlements that do not exist: refuse or ignore.
    columns(knex, table).text("unknown_roles").notNullable().defaultTo("refuse");
  });
  for (const statement of knex.client.config.client === "pg" ? postgres : sqlite) await knex.raw(statement);
}

export async function down(knex: Knex): Promise<void> {
  if (knex.client.config.client === "pg") {
    await knex.raw(`update users set attributes = (attributes::jsonb - 'roles' - 'entitlements')::json,
      attributes_key = attributes_key - 'roles' - 'entitlements'
      where jsonb_exists_any(attributes_key, array['roles', 'entitlements'])`);
  } else {
    for (const column of ["attributes", "attributes_key"])
      await knex.raw(`update users set ${column} = json_remove(${column}, '$.roles', '$.entitlements')`);
  }
  await knex.raw("alter table tenants drop column unknown_roles");
}

const grantsOfUser = `from role_grants where role_grants.source = 'scim'
  and role_grants.tenant_id = users.tenant_id and role_grants.user_id = users.id`;

const sqliteRoles = `json((select case when count(*) = 1
  then json_array(json_object('value', min(role), 'primary', json('true')))
  else json_group_array(json_object('value', role)) end ${grantsOfUser}))`;

const sqliteEntitlements = (value: string) =>
  `json((select json_group_array(json_object('value', ${value})) from json_each(users.entitlements) as one))`;

const sqlite = [
  `update users set attributes = json_set(attributes, '$.roles', ${sqliteRoles}),
     attributes_key = json_set(attributes_key, '$.roles', ${sqliteRoles})
   where exists (select 1 ${grantsOfUser})`,
  `update users set attributes = json_set(attributes, '$.entitlements', ${sqliteEntitlements("one.value")}),
     attributes_key = json_set(attributes_key, '$.entitlements', ${sqliteEntitlements("lower(one.value)")})
   where entitlements <> '[]'`,
];

const postgresRoles = `(select case when count(*) = 1
  then jsonb_build_array(jsonb_build_object('value', min(role), 'primary', true))
  else jsonb_agg(jsonb_build_object('value', role) order by role) end ${grantsOfUser})`;

const postgresEntitlements = (value: string) =>
  `(select jsonb_agg(jsonb_build_object('value', ${value})) from jsonb_array_elements_text(users.entitlements::jsonb) as one)`;

const postgres = [
  `update users set attributes = (attributes::jsonb || jsonb_build_object('roles', ${postgresRoles}))::json,
     attributes_key = attributes_key || jsonb_build_object('roles', ${postgresRoles})
   where exists (select 1 ${grantsOfUser})`,
  `update users
   set attributes = (attributes::jsonb || jsonb_build_object('entitlements', ${postgresEntitlements("one")}))::json,
     attributes_key = attributes_key || jsonb_build_object('entitlements', ${postgresEntitlements("lower(one)")})
   where entitlements <> '[]'`,
];
