import { randomUUID } from "node:crypto";
import { issueAccessToken } from "../../src/directory/access-tokens.ts";
import { createAgent } from "../../src/directory/agents.ts";
import { createApiKey } from "../../src/directory/api-keys.ts";
import type { Database } from "../../src/store/database.ts";
import { forwardAuthKeyStore } from "../../src/store/forward-auth-keys.ts";
import { rateLimiter } from "../../src/store/rate-limits.ts";
import { recurringJobStore } from "../../src/store/recurring-jobs.ts";
import { hashToken, randomToken } from "../../src/store/secrets.ts";
import { defaultSessionLimits, sessionStore } from "../../src/store/session-store.ts";
import { addProductRows } from "../product.ts";
import { newMessage } from "./messages.ts";
import { createTestTenant, newUser, type TestTenant } from "./people.ts";
import { newCode, newGrant } from "./provisioning-grants.ts";
import { newSeal, newTrailRow } from "./seals.ts";
import { addSecondSteps } from "./second-step-rows.ts";
import { newStream } from "./signals.ts";

/** The migrations' tables, from the database's catalog, without knex's own. */
export async function tableNames(database: Database): Promise<string[]> {
  const catalog =
    database.engine === "sqlite"
      ? "select name from sqlite_master where type = 'table' and name not like 'sqlite%'"
      : "select table_name as name from information_schema.tables where table_schema = current_schema()";
  return (await rowsOf<{ name: string }>(database, catalog))
    .map(({ name }) => name)
    .filter((name) => !name.startsWith("knex_"))
    .sort();
}

/** The tables with a tenant_id column. */
export async function tenantTableNames(database: Database): Promise<string[]> {
  const result: string[] = [];
  for (const name of await tableNames(database)) {
    if (await database.sql().schema.hasColumn(name, "tenant_id")) result.push(name);
  }
  return result;
}

/** Counts the rows of each table, or only those of a tenant. */
export async function rowCounts(
  database: Database,
  tables: readonly string[],
  tenantId?: string,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of tables) {
    const query = database.sql()(table);
    if (tenantId !== undefined) query.where("tenant_id", tenantId);
    counts[table] = Number((await query.count({ rows: "*" }))[0]?.rows);
  }
  return counts;
}

/** Creates a tenant with at least one row in every table. Those of the product come from test/product.ts. */
export async function fillEveryTable(database: Database, slug?: string): Promise<TestTenant> {
  const tenant = await createTestTenant(database, slug);
  const { store, writer } = tenant;
  const connection = await tenant.connection();
  const user = await store.users.create(newUser("ada@acme.example", { sourceId: writer.source.id }));
  const removed = await store.users.create(newUser("removed@acme.example"));
  await store.users.create(newUser("after@acme.example"));
  await store.users.remove(removed.id);
  await store.webhooks.add({ id: "webhook", url: "https://a.example", kinds: null, sealedSecret: "" });
  await store.activity.record({
    actorKind: "provisioning",
    actor: "default",
    action: "user.created",
    targetId: user.id,
    changed: ["active"],
    requestId: null,
  });
  await store.activitySeals.lock(newTrailRow());
  await store.activitySeals.add(newSeal([]));
  await store.counts.add([{ kind: "scim-call", subject: writer.source.id, count: 1 }]);
  const group = { id: randomUUID(), displayName: "Engineers", sourceId: writer.source.id, sourceKey: "g1" };
  await store.groups.create(group);
  await store.groupMembers.add(group.id, [user.id]);
  await store.roles.mapGroup(group.id, "admin");
  await store.roles.grant(user.id, "owner");
  await store.identities.add(connection.id, "subject", user.id);
  await store.ownerApprovals.approve(connection.id, user.id);
  const gone = { connectionId: connection.id, subject: "gone", userId: "", email: null, lastSignInAt: null };
  await store.tombstones.add(randomUUID(), "gone@acme.example", [gone]);
  await store.tokens.create({
    id: randomUUID(),
    sourceId: writer.source.id,
    tokenHash: hashToken(randomToken()),
    hint: "oinscim_1234",
    expiresAt: null,
  });
  await store.provisioningProblems.record({
    sourceId: writer.source.id,
    kind: "uniqueness",
    call: "POST /Users",
    status: 409,
    detail: "Another user of this tenant has this login name.",
    requestId: "request",
  });
  await store.credentials.set(user.id, "a hash");
  await addSecondSteps(store, user.id);
  await store.links.create(hashToken(randomToken()), { kind: "set-password", userId: user.id }, 1);
  await store.invitations.set({ userId: user.id, invitedBy: "ada", sentAt: 1, expiresAt: 1 });
  await store.domains.add("acme.example", "proof");
  await store.domains.enforce("acme.example", connection.id);
  await store.signInTests.create({ id: "test", connectionId: connection.id, userId: user.id }, 1);
  await store.keyPairs.add(connection.id, { generation: 1, certificate: "", sealedKey: "" });
  await store.signalTransmitters.setSending(connection.id, true);
  await store.signalTransmitters.addKey(connection.id, { generation: 1, publicKey: "{}", sealedKey: "" });
  await store.signalTransmitters.countRefusal(user.id, 1);
  const told = { connectionId: connection.id, userId: user.id, facts: {} };
  await store.outbox.add([{ kind: "shared-signal", ...told }]);
  const hashes = { stateHash: "state", browserHash: "browser", sealedData: "sealed", networkHash: null };
  await store.pendingLogins.create({ ...hashes, connectionId: connection.id, expiresAt: 1 });
  await store.usedTokens.consume("token", 1);
  await store.inspector.recordUntil(1);
  await store.inspector.add([newMessage({ flow: { kind: "sign-in", keys: ["state"] } })], 0);
  const registered = { tenantId: store.tenantId, name: "Helper", scopes: ["tasks.read"], jwksUri: null };
  const { agent } = await createAgent(database, registered);
  const bound = { act: null, scopes: ["tasks.read"], resources: ["api"], keyThumbprint: null };
  const grant = { user, role: "owner", connectionId: connection.id, agent, ...bound } as const;
  await issueAccessToken(store, grant, defaultSessionLimits);
  const wantedKey = { prefix: "tkl_", name: "Report", scopes: ["tasks.read"], days: null };
  await createApiKey(store, { user, role: "owner" }, wantedKey);
  const granted = { clientId: agent.clientId, userId: user.id, sourceId: writer.source.id };
  await store.provisioningCodes.create(newCode(`code-${tenant.tenant.slug}`, granted));
  await store.provisioningGrants.create(newGrant(`grant-${tenant.tenant.slug}`, granted));
  await store.idempotency.reserve({ userId: user.id, agent: "", key: "key" }, "fingerprint");
  const stream = newStream(connection);
  await store.signalStreams.create(stream);
  await store.receivedSignals.consume(stream.id, "an event", 1);
  await addProductRows({ store, user });
  await sessionStore(database).create({
    sidHash: hashToken(randomToken()),
    signIn: { tenantId: store.tenantId, userId: user.id, accessEpoch: 0, connectionId: connection.id },
    createdAt: 1,
    seenAt: 1,
    expiresAt: 2,
    data: {},
  });
  const forwardAuthKey = { generation: 1, publicKey: "{}", sealedKey: "", createdAt: 1 };
  await forwardAuthKeyStore(database).add(forwardAuthKey);
  await recurringJobStore(database).add([{ name: "any", dueAt: 1 }]);
  await rateLimiter(database, { name: "any", points: 1, seconds: 60 }).use("key");
  return tenant;
}

async function rowsOf<T>(database: Database, query: string): Promise<T[]> {
  const result = await database.sql().raw(query);
  return (database.engine === "sqlite" ? result : result.rows) as T[];
}
