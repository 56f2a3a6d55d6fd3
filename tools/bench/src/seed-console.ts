import { randomUUID } from "node:crypto";
import { brand } from "../../../config/brand.ts";
import { apiScopes } from "../../../config/integration.ts";
import { createAgent } from "../../../src/directory/agents.ts";
import { createApiKey } from "../../../src/directory/api-keys.ts";
import { createConnection } from "../../../src/directory/connections.ts";
import { signIn } from "../../../src/directory/sign-in.ts";
import { addDomain } from "../../../src/directory/tenants.ts";
import type { Database } from "../../../src/store/database.ts";
import { chunks } from "../../../src/store/tenant/scope.ts";
import { forTenant } from "../../../src/store/tenant-store.ts";
import { createLocalAccount, identityOf } from "../../../test/helpers/people.ts";
import { plantSession } from "../../../test/helpers/site.ts";
import { elements, insert, type SeededTenant } from "./seed.ts";

const fewest = 60;

/** The values for requests to the console's pages. */
export interface SeededConsole {
  /** The session of an owner, as the value of its cookie. */
  cookie: string;
  /** The values of route parameters. */
  parameters: Record<string, string>;
}

/**
 * Adds data for the console in proportion to the tenant's people: an activity entry for each, a deleted person for ten, a
 * deactivated one for twenty, a group for a hundred. At least sixty people are blocked and there are at least sixty groups,
 * so that every list fills a page: otherwise large tenants would be compared with emptier pages.
 */
export async function seedConsole(
  database: Database,
  { id: tenantId, userIds, groups }: SeededTenant,
): Promise<SeededConsole> {
  const store = forTenant(database, tenantId);
  const connect = (key: string, draft: boolean) =>
    createConnection(database, tenantId, {
      key,
      type: "oidc",
      justInTime: true,
      draft,
      secret: null,
      settings: { issuer: "https://acme.okta.example", clientId: "0oa1" },
    });
  const connection = await connect(`bench-${tenantId}`, false);
  const draft = await connect(`draft-${tenantId}`, true);
  // Earlier parts may have deleted any user of `userIds`.
  const [first] = await store.users.page(0, 1);
  const { user } = await signIn(store, identityOf(connection, first?.loginName ?? ""), randomUUID());
  await store.roles.mapGroup(groups[1]?.id ?? "", "admin");
  await database
    .sql()("users")
    .where("tenant_id", tenantId)
    .whereRaw("seq % 20 = 0")
    .update({ active: false });
  await database
    .sql()("users")
    .where("tenant_id", tenantId)
    .whereRaw("seq % ? = 0", [Math.max(1, Math.floor(userIds.length / fewest))])
    .update({ blocked: true });
  await database
    .sql()("users")
    .where("tenant_id", tenantId)
    .whereRaw("seq % 2 = 0")
    .update({ last_sign_in_at: database.sql().raw("created_at + seq") });
  const owner = await createLocalAccount(store, "owner@acme.example", "owner");
  await insertActivity(database, tenantId, userIds);
  await insertTombstones(database, tenantId, Math.ceil(userIds.length / 10));
  for (let count = 0; count < Math.max(fewest, userIds.length / 100); count++) {
    await store.groups.create({
      id: randomUUID(),
      displayName: `Team ${count}`,
      sourceId: null,
      sourceKey: null,
    });
  }
  const { agent } = await createAgent(database, {
    tenantId,
    name: "Console's agent",
    scopes: apiScopes.map(({ name }) => name),
    jwksUri: null,
  });
  const wantedKey = { prefix: brand.apiKeyPrefix, name: "Report", scopes: agent.scopes ?? [], days: null };
  const apiKey = await createApiKey(store, { user: owner, role: "owner" }, wantedKey);
  const webhook = { id: randomUUID(), url: "https://siem.example", kinds: null, sealedSecret: "" };
  await store.webhooks.add(webhook);
  await insertDeliveries(database, tenantId, webhook.id);
  if (database.engine === "postgres") await database.sql().raw("vacuum analyze");
  return {
    cookie: await plantSession({ database }, { id: tenantId }, owner),
    parameters: {
      connection: connection.id,
      draft: draft.id,
      user: user.id,
      group: groups[2]?.id ?? "",
      agent: agent.clientId,
      apiKey: apiKey.id,
      webhook: webhook.id,
      domain: await addDomain(store, "acme.example"),
    },
  };
}

async function insertActivity(
  database: Database,
  tenantId: string,
  userIds: readonly string[],
): Promise<void> {
  const now = Date.now();
  for (const chunk of chunks(userIds, 5_000)) {
    await insert(
      database,
      `insert into activity (tenant_id, id, at, kind, actor_kind, actor, action, target_id, changed, request_id)
       select cast(? as text), 'entry-' || value, cast(? as bigint) - key * 1000,
         case when key % 10 = 0 then 'people' else 'provisioning' end,
         case when key % 10 = 0 then 'admin' else 'provisioning' end, 'default', 'user.updated', value, '["active"]', value
       from ${elements(database)}`,
      [tenantId, now, JSON.stringify(chunk)],
    );
  }
}

/** A backlog: every entry waits, as after days of an outage. */
async function insertDeliveries(database: Database, tenantId: string, endpointId: string): Promise<void> {
  await insert(
    database,
    `insert into webhook_deliveries (tenant_id, endpoint_id, activity_id, at, state, attempts)
     select tenant_id, cast(? as text), id, at, 'waiting', 0 from activity where tenant_id = ?`,
    [endpointId, tenantId],
  );
}

async function insertTombstones(database: Database, tenantId: string, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `gone${index}@acme.example`);
  for (const chunk of chunks(names, 5_000)) {
    await insert(
      database,
      `insert into tombstones (tenant_id, id, login_name, login_name_key, created_at)
       select cast(? as text), 'tombstone-' || value, value, value, cast(? as bigint) from ${elements(database)}`,
      [tenantId, Date.now(), JSON.stringify(chunk)],
    );
  }
}
