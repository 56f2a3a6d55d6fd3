import { randomUUID } from "node:crypto";
import { createToken } from "../../../src/directory/provisioning-tokens.ts";
import type { Database } from "../../../src/store/database.ts";
import { chunks } from "../../../src/store/tenant/scope.ts";
import { createTestTenant } from "../../../test/helpers/people.ts";

/** A seeded tenant, as its provisioning client knows it. */
export interface SeededTenant {
  id: string;
  /** Several tokens, because each has its own rate limit. */
  tokens: string[];
  /** Ids of the users, in the order of the tenant's list; login names are loginName(1) and so on. */
  userIds: string[];
  groups: { id: string; memberIds: string[] }[];
}

const tokensPerTenant = 16;

export const loginName = (number: number | string) => `user${number}@acme.example`;

/** The attributes that Okta sends for a user. `#` is the user's number. */
const attributes = {
  name: { givenName: "Ada", familyName: "Number #", formatted: "Ada Number #" },
  displayName: "Ada Number #",
  emails: [{ value: loginName("#"), type: "work", primary: true }],
  phoneNumbers: [{ value: "+43 1 #", type: "work", primary: true }],
  title: "Engineer",
  locale: "en-US",
  timezone: "Europe/Vienna",
  "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
    employeeNumber: "#",
    department: "Second Stage",
    costCenter: "4711",
  },
};

/** Creates a tenant with users, and a group for each size in `groupSizes` with members from all over the list. */
export async function seedTenant(
  database: Database,
  users: number,
  groupSizes: readonly number[],
): Promise<SeededTenant> {
  const { tenant, store } = await createTestTenant(database);
  const tokens: string[] = [];
  for (let count = 0; count < tokensPerTenant; count++) tokens.push((await createToken(store)).token);
  const sourceId = (await store.sources.list())[0]?.id ?? "";
  const userIds = Array.from({ length: users }, () => randomUUID() as string);
  await insertUsers(database, tenant.id, sourceId, userIds);
  const groups: SeededTenant["groups"] = [];
  for (const size of groupSizes) {
    const { id } = await store.groups.create({
      id: randomUUID(),
      displayName: `Group of ${size} (${groups.length})`,
      sourceId,
      sourceKey: null,
    });
    const step = Math.max(1, Math.floor(users / size));
    const memberIds = userIds.filter((_, index) => index % step === 0).slice(0, size);
    await insertMembers(database, tenant.id, id, memberIds);
    groups.push({ id, memberIds });
  }
  return { id: tenant.id, tokens, userIds, groups };
}

/** Runs one statement. On PostgreSQL it skips foreign key checks, which these rows are known to pass. */
export async function insert(database: Database, sql: string, bindings: (string | number)[]): Promise<void> {
  await database.transaction(async (inside) => {
    if (inside.engine === "postgres") await inside.sql().raw("set local session_replication_role = replica");
    await inside.sql().raw(sql, bindings);
  });
}

/** SQL that turns one bound JSON array into rows (key, value). The first key is 0. */
export function elements({ engine }: Database): string {
  return engine === "sqlite"
    ? "json_each(?)"
    : "(select ordinality - 1 as key, value from json_array_elements_text(?::json) with ordinality) as e";
}

async function insertUsers(database: Database, tenantId: string, sourceId: string, ids: string[]) {
  const document = JSON.stringify(attributes);
  const key = JSON.stringify(attributes, (_, value) =>
    typeof value === "string" ? value.toLowerCase() : value,
  );
  const [json, jsonb] = database.engine === "sqlite" ? ["", ""] : ["::json", "::jsonb"];
  const now = Date.now();
  let done = 0;
  for (const chunk of chunks(ids, 5_000)) {
    await insert(
      database,
      `insert into users (tenant_id, id, seq, login_name, login_name_key, given_name, given_name_key, family_name,
         family_name_key, display_name, email, attributes, attributes_key, active, blocked, origin, source_id, source_key, created_at, updated_at)
       select cast(? as text), value, n, name, name, 'Ada', 'ada', 'Number ' || t, 'number ' || t, 'Ada Number ' || t, name,
         replace(?, '#', t)${json}, replace(?, '#', t)${jsonb},
         true, false, 'scim', cast(? as text), 'okta-' || t, cast(? as bigint), cast(? as bigint)
       from (select value, cast(key + ${done + 1} as text) as t, 'user' || (key + ${done + 1}) || '@acme.example' as name,
         key + ${done + 1} as n from ${elements(database)}) as numbered`,
      [tenantId, document, key, sourceId, now, now, JSON.stringify(chunk)],
    );
    done += chunk.length;
  }
  await database
    .sql()("tenants")
    .where({ id: tenantId })
    .update({ user_seq: done, user_count: done, provisioned_user_count: done });
}

async function insertMembers(database: Database, tenantId: string, groupId: string, ids: readonly string[]) {
  for (const chunk of chunks(ids, 5_000)) {
    await insert(
      database,
      `insert into group_members (tenant_id, group_id, user_id)
       select cast(? as text), cast(? as text), value from ${elements(database)}`,
      [tenantId, groupId, JSON.stringify(chunk)],
    );
  }
}
