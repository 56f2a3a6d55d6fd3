import type { Knex } from "knex";
import { columns } from "./columns.ts";

const dayMs = 86_400_000;

/** The people of one state and origin, as in create_users. */
const kind = `case when blocked then 'blocked-' else '' end || case when active then 'active-' else 'inactive-' end || origin`;

/** Sixteen digits, so that the texts sort like the times. People who never signed in come first. */
const digits = (column: string) => `cast(1000000000000000 + coalesce(${column}, 0) as text)`;
const sorted = ["created_at", "last_sign_in_at"];

/** The figures of the console, counted when they happen; and the last sign-in of each person, to sort by. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("day_counts", (table) => {
    const { text, integer, tenant } = columns(knex, table);
    tenant();
    // What is counted: src/store/tenant/counts.ts.
    text("kind").notNullable();
    // The start of the UTC day, or of the hour.
    integer("at").notNullable();
    // A connection, a provisioning source or a reason. Empty for sign-ins with a password.
    text("subject").notNullable();
    // Concurrent transactions add to different rows of one figure.
    integer("shard").notNullable();
    integer("count").notNullable();
    table.primary(["tenant_id", "kind", "at", "subject", "shard"]);
    table.index(["kind", "at"], "day_counts_age_index");
  });
  await knex.schema.alterTable("users", (table) => {
    columns(knex, table).integer("last_sign_in_at");
  });
  for (const column of sorted) {
    await knex.raw(
      `create index users_${column}_search on users
       (tenant_id, (${kind} || '/' || ${digits(column)} || '\u001f' || cast(seq as text)))`,
    );
  }
  await countPast(knex);
  await countPeople(knex);
  await findLastSignIns(knex);
}

/** From the activity, which has every sign-in. Calls of provisioning clients were not recorded, so they begin at zero. */
async function countPast(knex: Knex): Promise<void> {
  const past = [
    ["sign-in", "coalesce(target_id, '')", "sign_in.succeeded"],
    ["sign-in-refused", "coalesce(target_id, '')", "sign_in.refused"],
    ["refusal-reason", "coalesce(reason, '')", "sign_in.refused"],
  ] as const;
  const day = `at - (at % ${dayMs})`;
  for (const [name, subject, action] of past) {
    await knex.raw(
      `insert into day_counts (tenant_id, kind, at, subject, shard, count)
       select tenant_id, '${name}', ${day}, ${subject}, 0, count(*) from activity
       where action = ? and at >= ? group by tenant_id, ${day}, ${subject}`,
      [action, Date.now() - 90 * dayMs],
    );
  }
}

/** At the end of each of the last days. People who were deleted since are not counted. */
async function countPeople(knex: Knex): Promise<void> {
  const now = Date.now();
  const today = now - (now % dayMs);
  for (let day = today - 6 * dayMs; day <= today; day += dayMs) {
    await knex.raw(
      `insert into day_counts (tenant_id, kind, at, subject, shard, count)
       select tenant_id, 'people', cast(? as bigint), '', 0, count(*) from users where created_at < ? group by tenant_id`,
      [day, day + dayMs],
    );
  }
}

async function findLastSignIns(knex: Knex): Promise<void> {
  await knex.raw(
    `update users set last_sign_in_at = (select max(found.at) from (
       select i.last_sign_in_at as at from identities i
       where i.tenant_id = users.tenant_id and i.user_id = users.id
       union all
       select a.at from activity a
       where a.tenant_id = users.tenant_id and a.actor_id = users.id and a.action = 'sign_in.succeeded'
     ) as found)`,
  );
}

export async function down(knex: Knex): Promise<void> {
  for (const column of sorted) await knex.raw(`drop index users_${column}_search`);
  await knex.raw("alter table users drop column last_sign_in_at");
  await knex.schema.dropTable("day_counts");
}
