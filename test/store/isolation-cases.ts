import { defaultSessionLimits, defaultSessionPolicy } from "../../src/store/session-store.ts";
import type { IsolationCases } from "../helpers/isolation.ts";
import { newMessage } from "../helpers/messages.ts";
import { newUser } from "../helpers/people.ts";
import { productCases } from "../product.ts";
import { agentCases } from "./isolation-cases-agents.ts";
import { directoryCases } from "./isolation-cases-directory.ts";
import { provisioningGrantCases } from "./isolation-cases-grants.ts";
import { outboxCases } from "./isolation-cases-outbox.ts";
import { sealCases } from "./isolation-cases-seals.ts";
import { secondStepCases } from "./isolation-cases-second-steps.ts";
import { signalCases } from "./isolation-cases-signals.ts";
import { webhookCases } from "./isolation-cases-webhooks.ts";

const everything = { condition: null, sourceId: "any", sort: null, from: { offset: 0 }, limit: 100 };

/**
 * One case for every method of the tenant store: tenant B calls it for tenant A's data. Methods that only add rows are
 * called with A's ids wherever they take an id.
 */
export const isolationCases: IsolationCases = {
  ...productCases,
  ...directoryCases,
  ...agentCases,
  ...outboxCases,
  ...signalCases,
  ...provisioningGrantCases,
  ...webhookCases,
  ...secondStepCases,
  ...sealCases,
  "idempotency.reserve": {
    call: (b, a) => b.idempotency.reserve({ userId: a.userId, agent: "", key: "a's" }, "b's"),
    gives: "refused",
  },
  "idempotency.complete": {
    call: (b, a) => {
      const answer = { status: 200, headers: {}, body: "b's" };
      return b.idempotency.complete({ userId: a.userId, agent: "", key: "a's" }, a.reservation, answer);
    },
    gives: false,
  },
  "idempotency.release": {
    call: (b, a) => b.idempotency.release({ userId: a.userId, agent: "", key: "a's" }, a.reservation),
    gives: undefined,
  },
  "users.create": {
    call: (b, a) => b.users.create(newUser("new@b.test", { sourceId: a.sourceId })),
    gives: "refused",
  },
  "users.byId": { call: (b, a) => b.users.byId(a.userId), gives: null },
  "users.lock": { call: (b, a) => b.transaction((inside) => inside.users.lock(a.userId)), gives: null },
  "users.byLoginName": { call: (b, a) => b.users.byLoginName(a.loginName), gives: null },
  "users.bySourceKey": { call: (b, a) => b.users.bySourceKey(a.sourceKey), gives: [] },
  "users.page": { call: (b) => b.users.page(0, 100), gives: [] },
  "users.search": { call: (b) => b.users.search(everything), gives: { rows: [], total: 0 } },
  "users.affiliated": {
    call: (b, a) => b.users.affiliated(true).byId(a.userId),
    gives: null,
  },
  "users.pageFrom": { call: (b) => b.users.pageFrom(1, 100), gives: { rows: [], total: 0 } },
  "users.count": { call: (b) => b.users.count(), gives: 0 },
  "users.update": { call: (b, a) => b.users.update(a.userId, { active: false }), gives: "not found" },
  "users.advanceAccessEpoch": { call: (b, a) => b.users.advanceAccessEpoch(a.userId), gives: undefined },
  "users.remove": { call: (b, a) => b.users.remove(a.userId), gives: false },

  "identities.find": { call: (b, a) => b.identities.find(a.connectionId, a.subject), gives: null },
  "identities.accessEpoch": {
    call: (b, a) => b.identities.accessEpoch(a.connectionId, a.subject, a.loginName),
    gives: null,
  },
  "identities.ofUser": { call: (b, a) => b.identities.ofUser(a.userId), gives: [] },
  "identities.add": { call: (b, a) => b.identities.add(a.connectionId, "other", a.userId), gives: "refused" },
  "identities.recordSignIn": {
    call: (b, a) => b.identities.recordSignIn(a.connectionId, a.subject, "evil@b.test"),
    gives: undefined,
  },
  "identities.haveSignedIn": { call: (b, a) => b.identities.haveSignedIn(a.connectionId), gives: false },
  "identities.move": {
    call: (b, a) => b.identities.move(a.connectionId, a.subject, "moved"),
    gives: undefined,
  },
  "identities.remove": { call: (b, a) => b.identities.remove(a.connectionId, a.subject), gives: false },
  "identities.removeOfConnection": {
    call: (b, a) => b.identities.removeOfConnection(a.connectionId),
    gives: undefined,
  },

  "keyPairs.list": { call: (b, a) => b.keyPairs.list(a.connectionId), gives: [] },
  "keyPairs.add": {
    call: (b, a) => b.keyPairs.add(a.connectionId, { generation: 2, certificate: "b's", sealedKey: "b's" }),
    gives: "refused",
  },
  "keyPairs.remove": { call: (b, a) => b.keyPairs.remove(a.connectionId, 1), gives: false },

  "ownerApprovals.approve": {
    call: (b, a) => b.ownerApprovals.approve(a.connectionId, a.userId),
    gives: "refused",
  },
  "ownerApprovals.consume": {
    call: (b, a) => b.ownerApprovals.consume(a.connectionId, a.secondUserId),
    gives: false,
  },
  "ownerApprovals.ofUser": { call: (b, a) => b.ownerApprovals.ofUser(a.secondUserId), gives: [] },
  "ownerApprovals.removeOfUser": {
    call: (b, a) => b.ownerApprovals.removeOfUser(a.secondUserId),
    gives: undefined,
  },
  "ownerApprovals.removeOfConnection": {
    call: (b, a) => b.ownerApprovals.removeOfConnection(a.connectionId),
    gives: undefined,
  },

  "tombstones.add": {
    call: (b, a) =>
      b.transaction((inside) =>
        inside.tombstones.add("b-tombstone", "x@b.test", [
          {
            connectionId: a.connectionId,
            subject: a.subject,
            userId: a.userId,
            email: null,
            lastSignInAt: null,
          },
        ]),
      ),
    gives: "refused",
  },
  "tombstones.forbids": {
    call: (b, a) => b.tombstones.forbids(a.deletedLoginName, a.connectionId, a.subject),
    gives: false,
  },
  "tombstones.list": { call: (b) => b.tombstones.list(), gives: [] },
  "tombstones.lift": { call: (b, a) => b.tombstones.lift(a.tombstoneId), gives: false },
  "tombstones.liftByLoginName": {
    call: (b, a) => b.tombstones.liftByLoginName(a.deletedLoginName),
    gives: false,
  },

  "groups.create": {
    call: (b, a) =>
      b.groups.create({ id: "b-group", displayName: "New", sourceId: a.sourceId, sourceKey: null }),
    gives: "refused",
  },
  "groups.byId": { call: (b, a) => b.groups.byId(a.groupId), gives: null },
  "groups.lock": { call: (b, a) => b.transaction((inside) => inside.groups.lock(a.groupId)), gives: null },
  "groups.byName": { call: (b, a) => b.groups.byName(a.groupName), gives: null },
  "groups.page": { call: (b) => b.groups.page(0, 100), gives: [] },
  "groups.search": { call: (b) => b.groups.search(everything), gives: { rows: [], total: 0 } },
  "groups.pageFrom": { call: (b) => b.groups.pageFrom(1, 100), gives: { rows: [], total: 0 } },
  "groups.count": { call: (b) => b.groups.count(), gives: 0 },
  "groups.update": {
    call: (b, a) => b.groups.update(a.groupId, { displayName: "Stolen" }),
    gives: "not found",
  },
  "groups.remove": { call: (b, a) => b.groups.remove(a.groupId), gives: false },
  "groups.ofUser": { call: (b, a) => b.groups.ofUser(a.userId), gives: [] },
  "groupMembers.page": { call: (b, a) => b.groupMembers.page(a.groupId, null, 100), gives: [] },
  "groupMembers.ofGroups": {
    call: async (b, a) => [...(await b.groupMembers.ofGroups([a.groupId])).values()],
    gives: [[]],
  },
  "groupMembers.find": {
    call: (b, a) => b.groupMembers.find(a.groupId, { ids: [a.userId] }),
    gives: [],
  },
  "groupMembers.unknownUsers": {
    call: async (b, a) => (await b.groupMembers.unknownUsers([a.userId])).map((id) => id === a.userId),
    gives: [true],
  },
  "groupMembers.has": { call: (b, a) => b.groupMembers.has(a.groupId, a.userId), gives: false },
  "groupMembers.add": { call: (b, a) => b.groupMembers.add(a.groupId, [a.secondUserId]), gives: "refused" },
  "groupMembers.remove": { call: (b, a) => b.groupMembers.remove(a.groupId, [a.userId]), gives: undefined },
  "groupMembers.removeAll": { call: (b, a) => b.groupMembers.removeAll(a.groupId), gives: undefined },

  "roles.grantsOf": { call: (b, a) => b.roles.grantsOf(a.userId), gives: [] },
  "roles.effective": { call: (b, a) => b.roles.effective(a.userId), gives: "member" },
  "roles.grant": { call: (b, a) => b.roles.grant(a.secondUserId, "owner"), gives: "refused" },
  "roles.revoke": { call: (b, a) => b.roles.revoke(a.userId, "owner"), gives: undefined },
  "roles.replace": { call: (b, a) => b.roles.replace(a.userId, "scim", null, []), gives: undefined },
  "roles.removeOfConnection": {
    call: (b, a) => b.roles.removeOfConnection(a.connectionId),
    gives: undefined,
  },
  "roles.mapGroup": { call: (b, a) => b.roles.mapGroup(a.groupId, "member"), gives: "refused" },
  "roles.unmapGroup": { call: (b, a) => b.roles.unmapGroup(a.groupId, "admin"), gives: undefined },
  "roles.isOwner": { call: (b, a) => b.roles.isOwner(a.secondUserId), gives: false },
  "roles.activeOwners": { call: (b) => b.roles.activeOwners(), gives: [] },
  "roles.lockOwners": {
    call: (b) => b.transaction((inside) => inside.roles.lockOwners()),
    gives: [],
  },

  "affiliations.ofUsers": {
    call: async (b, a) => (await b.affiliations.ofUsers([a.userId])).get(a.userId),
    gives: { groups: [] },
  },
  "activity.tell": {
    changesB: true,
    call: (b, a) => b.activity.tell({ name: "accessRevoked", userId: a.userId, cause: "blocked" }),
    gives: undefined,
  },
  "activity.record": {
    changesB: true,
    call: (b, a) =>
      b.activity.record({
        actorKind: "provisioning",
        actor: "b",
        action: "user.created",
        targetId: a.userId,
        changed: [],
        requestId: null,
      }),
    gives: undefined,
  },
  "activity.latest": { call: (b) => b.activity.latest(10), gives: [] },

  "connections.create": {
    call: (b, a) =>
      b.connections.create({
        id: a.connectionId,
        key: "unreserved-key",
        type: "oidc",
        status: "active",
        justInTime: true,
        subjectKind: "opaque",
        settings: null,
        sealedSecret: null,
      }),
    gives: "refused",
  },
  "connections.byId": { call: (b, a) => b.connections.byId(a.connectionId), gives: null },
  "connections.hold": { call: (b, a) => b.connections.hold(a.connectionId), gives: null },
  "connections.lock": { call: (b, a) => b.connections.lock(a.connectionId), gives: null },
  "connections.list": { call: (b) => b.connections.list(), gives: [] },
  "connections.update": {
    call: (b, a) => b.connections.update(a.connectionId, { status: "disabled" }),
    gives: "not found",
  },
  "connections.sealedSecrets": {
    call: (b, a) => b.connections.sealedSecrets(a.connectionId),
    gives: { current: null, former: null },
  },
  "connections.forgetFormerSecret": {
    call: (b, a) => b.connections.forgetFormerSecret(a.connectionId, "sealed"),
    gives: undefined,
  },
  "identities.usersByEmail": { call: (b, a) => b.identities.usersByEmail(a.loginName), gives: [] },
  "pendingLogins.create": {
    call: (b, a) =>
      b.pendingLogins.create({
        connectionId: a.connectionId,
        stateHash: "b",
        browserHash: "b",
        sealedData: "b",
        expiresAt: 1,
        networkHash: "b",
      }),
    gives: "refused",
  },
  "pendingLogins.removeOfConnection": {
    call: (b, a) => b.pendingLogins.removeOfConnection(a.connectionId),
    gives: undefined,
  },
  "pendingLogins.consume": {
    call: (b, a) => b.pendingLogins.consume(a.connectionId, "state", "browser"),
    gives: null,
  },
  "signInTests.create": {
    call: (b, a) => b.signInTests.create({ id: "b", connectionId: a.connectionId, userId: null }, 1),
    gives: "refused",
  },
  "signInTests.find": { call: (b, a) => b.signInTests.find(a.connectionId, a.testId), gives: null },
  "signInTests.isUnderWay": {
    call: (b, a) => b.signInTests.isUnderWay(a.connectionId, a.testId),
    gives: false,
  },
  "signInTests.finish": { call: (b, a) => b.signInTests.finish(a.connectionId, a.testId, "b"), gives: false },
  "signInTests.latest": { call: (b, a) => b.signInTests.latest(a.connectionId), gives: null },
  "signInTests.removeOfConnection": {
    call: (b, a) => b.signInTests.removeOfConnection(a.connectionId),
    gives: undefined,
  },
  "usedTokens.consume": { changesB: true, call: (b) => b.usedTokens.consume("token", 1), gives: true },
  "connections.unsolicitedAllowed": { call: (b) => b.connections.unsolicitedAllowed(), gives: true }, // SAML
  "connections.remove": { call: (b, a) => b.connections.remove(a.connectionId), gives: false },

  "sources.create": {
    changesB: true,
    call: async (b, a) => (await b.sources.create({ id: "b-source", name: `${a.sourceName} of b` })).id,
    gives: "b-source",
  },
  "sources.byName": { call: (b, a) => b.sources.byName(a.sourceName), gives: null },
  "sources.list": {
    call: async (b, a) => (await b.sources.list()).filter(({ id }) => id === a.sourceId),
    gives: [],
  },
  "tokens.create": {
    call: (b, a) =>
      b.tokens.create({ id: "b-token", sourceId: a.sourceId, tokenHash: "h", hint: "h", expiresAt: null }),
    gives: "refused",
  },
  "tokens.list": { call: (b) => b.tokens.list(), gives: [] },
  "tokens.recordUse": { call: (b, a) => b.tokens.recordUse(a.tokenId), gives: undefined },
  "tokens.revoke": { call: (b, a) => b.tokens.revoke(a.tokenId), gives: false },

  "credentials.passwordHash": { call: (b, a) => b.credentials.passwordHash(a.userId), gives: null },
  "credentials.set": { call: (b, a) => b.credentials.set(a.userId, "hash"), gives: "refused" },
  "credentials.remove": { call: (b, a) => b.credentials.remove(a.secondUserId), gives: false },
  "credentials.removeProvisioned": { call: (b) => b.credentials.removeProvisioned(), gives: undefined },
  "links.create": {
    call: (b, a) => b.links.create("b-link", { kind: "set-password", userId: a.userId }, Date.now() + 1000),
    gives: "refused",
  },
  "links.ofConnection": { call: (b, a) => b.links.ofConnection(a.connectionId), gives: [] },
  "links.recordVisit": { call: (b) => b.links.recordVisit("a-link", 2), gives: undefined },
  "links.removeOfConnection": {
    call: (b, a) => b.links.removeOfConnection(a.connectionId),
    gives: undefined,
  },
  "links.removeOfUser": { call: (b, a) => b.links.removeOfUser(a.userId), gives: undefined },
  "sessions.limits": { call: (b) => b.sessions.limits(), gives: defaultSessionLimits },
  "sessions.policy": { call: (b) => b.sessions.policy(), gives: defaultSessionPolicy },
  "sessions.lockPolicy": { call: (b) => b.sessions.lockPolicy(), gives: defaultSessionPolicy },
  "sessions.changePolicy": {
    changesB: true,
    call: (b) => b.sessions.changePolicy({ idleMinutes: 5, absoluteMinutes: 10 }),
    gives: undefined,
  },
  "sessions.ofUser": { call: (b, a) => b.sessions.ofUser(a.userId), gives: [] },
  "sessions.page": { call: (b) => b.sessions.page(null, 10), gives: [] },
  "sessions.removeOne": { call: (b, a) => b.sessions.removeOne(a.userId, a.sessionId), gives: false },
  "sessions.revokeOne": { call: (b, a) => b.sessions.revokeOne(a.userId, a.sessionId), gives: false },
  "sessions.connectionsOf": { call: (b, a) => b.sessions.connectionsOf(a.userId, null), gives: [] },
  "sessions.remove": { call: (b, a) => b.sessions.remove(a.userId, null), gives: undefined },
  "sessions.revoke": { call: (b, a) => b.sessions.revoke(a.userId), gives: undefined },
  "sessions.revokeOfConnection": {
    call: (b, a) => b.sessions.revokeOfConnection(a.connectionId),
    gives: undefined,
  },

  "inspector.state": {
    call: (b) => b.inspector.state(),
    gives: { recordingUntil: 0, dropped: 0, lastSeq: 0 },
  },
  "inspector.recordUntil": { changesB: true, call: (b) => b.inspector.recordUntil(1), gives: undefined },
  "inspector.add": { changesB: true, call: (b) => b.inspector.add([newMessage()], 1), gives: undefined },
  "inspector.flows": { call: (b) => b.inspector.flows({}, null, 10), gives: [] },
  "inspector.flowsOf": { call: (b) => b.inspector.flowsOf([1]), gives: [] },
  "inspector.after": { call: (b) => b.inspector.after({}, 0, 10), gives: [] },
  "inspector.bySeq": { call: (b) => b.inspector.bySeq(1), gives: null },
  "inspector.clear": { changesB: true, call: (b) => b.inspector.clear(), gives: undefined },

  "domains.add": {
    call: (b, a) => b.domains.add(a.domain, "token").then(() => b.domains.remove(a.domain)),
    gives: true,
  },
  "domains.find": { call: (b, a) => b.domains.find(a.domain), gives: null },
  "domains.lock": { call: (b, a) => b.domains.lock(a.domain), gives: null },
  "domains.enforce": { call: (b, a) => b.domains.enforce(a.domain, a.connectionId), gives: "refused" },
  "domains.list": { call: (b) => b.domains.list(), gives: [] },
  "domains.markVerified": { call: (b, a) => b.domains.markVerified(a.domain), gives: false },
  "domains.remove": { call: (b, a) => b.domains.remove(a.domain), gives: false },
};
