import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { issueAccessToken } from "../../src/directory/access-tokens.ts";
import { createAgent } from "../../src/directory/agents.ts";
import { createApiKey } from "../../src/directory/api-keys.ts";
import { deleteProvisionedUser, provisionUser } from "../../src/directory/provisioning.ts";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import type { User } from "../../src/model.ts";
import type { Database } from "../../src/store/database.ts";
import { defaultSessionLimits, sessionStore } from "../../src/store/session-store.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";
import type { TenantA } from "../helpers/isolation.ts";
import { inAnHour, newMessage } from "../helpers/messages.ts";
import { createLocalAccount, createTestTenant, identityOf } from "../helpers/people.ts";
import { newCode, newGrant } from "../helpers/provisioning-grants.ts";
import { newSeal, newTrailRow } from "../helpers/seals.ts";
import { addSecondSteps } from "../helpers/second-step-rows.ts";
import { newStream } from "../helpers/signals.ts";
import { addProductRows, foreignProductRows } from "../product.ts";

/** Rows that would refer from tenant B to A's data, inserted without the store. */
export const foreignRows: Record<string, (a: TenantA) => Record<string, unknown>> = {
  pending_logins: (a) => ({
    connection_id: a.connectionId,
    state_hash: "x",
    browser_hash: "x",
    sealed_data: "x",
    expires_at: 1,
  }),
  sign_in_tests: (a) => ({ id: "x", connection_id: a.connectionId, created_at: 1, expires_at: 1 }),
  enforced_domains: (a) => ({ domain: a.domain, connection_id: a.connectionId, created_at: 1 }),
  users: (a) => ({
    id: "x",
    seq: 1,
    login_name: "x",
    login_name_key: "x",
    active: true,
    blocked: false,
    origin: "scim",
    source_id: a.sourceId,
    created_at: 1,
    updated_at: 1,
  }),
  groups: (a) => ({
    id: "x",
    seq: 1,
    display_name: "x",
    display_name_key: "x",
    source_id: a.sourceId,
    created_at: 1,
    updated_at: 1,
  }),
  group_members: (a) => ({ group_id: a.groupId, user_id: a.userId }),
  identities: (a) => ({ connection_id: a.connectionId, subject: "x", user_id: a.userId, created_at: 1 }),
  owner_approvals: (a) => ({ connection_id: a.connectionId, user_id: a.userId, created_at: 1 }),
  tombstone_subjects: (a) => ({ tombstone_id: a.tombstoneId, connection_id: a.connectionId, subject: "x" }),
  role_grants: (a) => ({ user_id: a.userId, role: "owner", source: "manual", source_id: "" }),
  group_roles: (a) => ({ group_id: a.groupId, role: "admin" }),
  provisioning_problems: (a) => ({
    source_id: a.sourceId,
    kind: "x",
    call: "x",
    status: 400,
    detail: "x",
    request_id: "x",
    at: 1,
  }),
  provisioning_grants: (a) => ({
    id: "x",
    source_id: a.sourceId,
    client_id: a.clientId,
    allowed_by: "x",
    allowed_by_id: "x",
    created_at: 1,
    family_hash: "x",
    refresh_hash: "x",
    refreshed_at: 1,
    refresh_expires_at: 1,
  }),
  provisioning_codes: (a) => ({
    id: "x",
    code_hash: "x",
    client_id: a.clientId,
    redirect_uri: "x",
    source_name: "x",
    user_id: a.userId,
    access_epoch: 0,
    expires_at: 1,
  }),
  provisioning_tokens: (a) => ({ id: "x", source_id: a.sourceId, token_hash: "x", hint: "x", created_at: 1 }),
  local_credentials: (a) => ({ user_id: a.userId, password_hash: "x", updated_at: 1 }),
  authenticators: (a) => ({ user_id: a.userId, sealed_key: "x", last_step: 1, created_at: 1 }),
  recovery_codes: (a) => ({ user_id: a.userId, code_hash: "x", created_at: 1 }),
  passkeys: (a) => ({
    id: "x",
    user_id: a.userId,
    name: "x",
    public_key: "x",
    counter: 0,
    transports: "",
    created_at: 1,
  }),
  invitations: (a) => ({ user_id: a.userId, invited_by: "x", sent_at: 1, expires_at: 1 }),
  one_time_links: (a) => ({ token_hash: "x", user_id: a.userId, created_at: 1, expires_at: 1 }),
  sessions: (a) => ({
    sid_hash: "x",
    user_id: a.userId,
    created_at: 1,
    seen_at: 1,
    expires_at: 1,
    data: "{}",
  }),
  agent_grants: (a) => ({
    user_id: a.userId,
    client_id: a.clientId,
    scopes: "x",
    first_used_at: 1,
    last_used_at: 1,
  }),
  access_tokens: (a) => ({
    id: "x",
    token_hash: "x",
    user_id: a.userId,
    connection_id: a.connectionId,
    client_id: a.clientId,
    scopes: "x",
    resources: "x",
    role: "member",
    access_epoch: 0,
    created_at: 1,
    expires_at: 1,
  }),
  api_keys: (a) => ({
    id: "x",
    key_hash: "x",
    hint: "x",
    user_id: a.userId,
    name: "x",
    scopes: "x",
    role: "admin",
    access_epoch: 0,
    created_at: 1,
  }),
  idempotency_keys: (a) => ({
    user_id: a.userId,
    agent: "",
    key: "x",
    fingerprint: "x",
    reservation: "x",
    reserved_at: 1,
    expires_at: 1,
  }),
  outbox: (a) => ({
    id: "x",
    kind: "shared-signal",
    connection_id: a.connectionId,
    user_id: a.userId,
    facts: "{}",
    created_at: 1,
    attempts: 0,
    state: "sent",
  }),
  signal_keys: (a) => ({
    connection_id: a.connectionId,
    generation: 9,
    public_key: "x",
    sealed_key: "x",
    created_at: 1,
  }),
  refused_people: (a) => ({ user_id: a.userId, started_at: 1, count: 1 }),
  signal_streams: (a) => ({
    id: "x",
    connection_id: a.connectionId,
    connection_key: "x",
    status: "enabled",
    is_paused_here: false,
    client_id: "x",
    sealed_client_secret: "x",
    events_requested: "[]",
    events_delivered: "[]",
    credential_change_ends_sessions: false,
    created_at: 1,
    updated_at: 1,
  }),
  webhook_deliveries: (a) => ({
    endpoint_id: a.webhookId,
    activity_id: a.activityId,
    at: 1,
    state: "sent",
    attempts: 0,
  }),
  received_signals: (a) => ({ stream_id: a.streamId, jti_hash: "x", expires_at: 1 }),
  ...foreignProductRows,
};

/** A tenant with data in every table. */
export async function tenantWithEverything(database: Database): Promise<TenantA & { store: TenantStore }> {
  const { tenant, store, writer, connection } = await createTestTenant(database);
  const { id: connectionId } = await connection();
  await store.connections.update(connectionId, { sealedSecret: "sealed", sealedFormerSecret: "former" });
  const loginName = `ada@${tenant.slug}.test`;
  const local = await createLocalAccount(store, `owner@${tenant.slug}.test`, "owner");
  const wanted = { givenName: null, familyName: null, displayName: null, email: null, active: true };
  const user = await provisionUser(store, writer, { ...wanted, loginName, sourceKey: `key-${tenant.slug}` });
  const gone = await provisionUser(store, writer, { ...wanted, loginName: "gone@a.test", sourceKey: "gone" });
  const active = (await store.connections.byId(connectionId)) ?? assert.fail();
  await signIn(store, identityOf(active, gone.loginName, { subject: "gone" }));
  await deleteProvisionedUser(store, writer, gone.id);
  await signIn(store, identityOf(active, loginName, { subject: "subject" }));
  const group = await store.groups.create({
    id: randomUUID(),
    displayName: "Team",
    sourceId: writer.source.id,
    sourceKey: null,
  });
  await store.groupMembers.add(group.id, [user.id]);
  await store.roles.mapGroup(group.id, "admin");
  await store.roles.replace(user.id, "scim", null, ["admin"]);
  const token = await createToken(store);
  await store.activitySeals.lock(newTrailRow());
  await store.activitySeals.add(newSeal([]));
  await store.provisioningProblems.record({
    sourceId: writer.source.id,
    kind: "uniqueness",
    call: "POST /Users",
    status: 409,
    detail: "Another user of this tenant has this login name.",
    requestId: "request",
  });
  await store.links.create(
    `link-${tenant.slug}`,
    { kind: "set-password", userId: local.id },
    Date.now() + 60_000,
  );
  await store.invitations.set({ userId: local.id, invitedBy: "a's", sentAt: 1, expiresAt: inAnHour() });
  const passkeyId = await addSecondSteps(store, local.id);
  const webhookId = `webhook-${tenant.slug}`;
  await store.webhooks.add({ id: webhookId, url: "https://a.example", kinds: null, sealedSecret: "a's" });
  await store.activity.record({
    actorKind: "provisioning",
    actor: "default",
    action: "user.created",
    targetId: user.id,
    changed: ["userName"],
    requestId: null,
  });
  await sendSignals(store, connectionId, user.id);
  await store.keyPairs.add(connectionId, { generation: 1, certificate: "a's", sealedKey: "a's" });
  const pending = {
    connectionId,
    stateHash: "state",
    browserHash: "browser",
    sealedData: "sealed",
    networkHash: null,
  };
  await store.pendingLogins.create({ ...pending, expiresAt: Date.now() + 60_000 });
  await store.ownerApprovals.approve(connectionId, local.id);
  await store.usedTokens.consume("token", Date.now() + 60_000);
  await store.inspector.recordUntil(inAnHour());
  await store.inspector.add([newMessage({ flow: { kind: "sign-in", keys: ["a state"] } })], 1);
  const domain = await addDomain(store, `${tenant.slug}.test`);
  await store.domains.enforce(domain, connectionId);
  const testId = `test-${tenant.slug}`;
  await store.signInTests.create({ id: testId, connectionId, userId: local.id }, inAnHour());
  const setUp = { kind: "set-up-connection", connectionId } as const;
  await store.links.create(`set-up-${tenant.slug}`, setUp, Date.now() + 60_000);
  const productRows = await addProductRows({ store, user });
  const sessionId = await openSession(database, store.tenantId, user.id, connectionId);
  const { reservation } = await store.idempotency.reserve({ userId: user.id, agent: "", key: "a's" }, "a's");
  const clientId = await openAgentAccess(database, store, user, connectionId);
  const streamId = await openStream(store, connectionId);
  await store.signalTransmitters.setSending(connectionId, true);
  const [codeId, grantId] = [`code-${tenant.slug}`, `grant-${tenant.slug}`];
  const wantedKey = { prefix: "tkl_", name: "Report", scopes: ["tasks.read"], days: null };
  const { id: apiKeyId } = await createApiKey(store, { user, role: "admin" }, wantedKey);
  const granted = { clientId, userId: user.id, sourceId: writer.source.id };
  await store.provisioningCodes.create(newCode(codeId, granted));
  await store.provisioningGrants.create(newGrant(grantId, granted));
  const activityId = (await store.activity.latest(1))[0]?.id ?? assert.fail();
  const tombstoneId = (await store.tombstones.list())[0]?.id ?? assert.fail();
  return {
    store,
    userId: user.id,
    secondUserId: local.id,
    loginName,
    sourceKey: `key-${tenant.slug}`,
    groupId: group.id,
    groupName: "Team",
    connectionId,
    subject: "subject",
    sourceId: writer.source.id,
    sourceName: "other than default",
    tokenId: token.id,
    tombstoneId,
    deletedLoginName: "gone@a.test",
    domain,
    testId,
    clientId,
    apiKeyId,
    codeId,
    grantId,
    sessionId,
    reservation: reservation ?? assert.fail(),
    streamId,
    webhookId,
    activityId,
    passkeyId,
    ...productRows,
  };
}

/** Signals to a connection's org, and one that waits. */
async function sendSignals(store: TenantStore, connectionId: string, userId: string): Promise<void> {
  await store.signalTransmitters.setSending(connectionId, true);
  await store.signalTransmitters.addKey(connectionId, { generation: 1, publicKey: "{}", sealedKey: "a's" });
  await store.signalTransmitters.countRefusal(userId, 60_000);
  await store.outbox.add([{ kind: "shared-signal", connectionId, userId, facts: { event: "test" } }]);
}

async function openSession(
  database: Database,
  tenantId: string,
  userId: string,
  connectionId: string,
): Promise<string> {
  const at = Date.now();
  const sidHash = randomUUID();
  const signedIn = { tenantId, userId, accessEpoch: 0, connectionId };
  const times = { createdAt: at, seenAt: at, expiresAt: at + 60_000 };
  await sessionStore(database).create({ sidHash, signIn: signedIn, ...times, data: {} });
  return sidHash;
}

/** An agent of the tenant, with an access token for the user. Returns its client ID. */
async function openAgentAccess(
  database: Database,
  store: TenantStore,
  user: User,
  connectionId: string,
): Promise<string> {
  const registered = { tenantId: store.tenantId, name: "Helper", scopes: ["tasks.read"], jwksUri: null };
  const { agent } = await createAgent(database, registered);
  const bound = { act: null, scopes: ["tasks.read"], resources: ["https://app.test/api/v1"] };
  const grant = { user, role: "member", connectionId, agent, keyThumbprint: null, ...bound } as const;
  await issueAccessToken(store, grant, defaultSessionLimits);
  return agent.clientId;
}

/** A stream of shared signals that has received an event. Returns its id. */
async function openStream(store: TenantStore, connectionId: string): Promise<string> {
  const id = `stream-${store.tenantId}`;
  const connection = (await store.connections.byId(connectionId)) ?? assert.fail();
  await store.signalStreams.create({ ...newStream(connection), id });
  await store.signalStreams.update(id, { stateHash: "a's state", verificationRequestedAt: 1 });
  await store.receivedSignals.consume(id, "a's event", Date.now() + 60_000);
  return id;
}
