import { type DemoTenant, loginOf } from "../../../../src/demo/tenants.ts";
import type { TenantStore } from "../../../../src/store/tenant-store.ts";

/** How far a customer has come in setting up their Okta org. */
export interface Milestones {
  ownerSignedIn: boolean;
  connected: boolean;
  signedIn: boolean;
  tokenUsed: boolean;
  provisioned: boolean;
  groupPushed: boolean;
  groupMapped: boolean;
  deactivated: boolean;
  loggedOut: boolean;
}

/** Enough for a test org, which has few people. */
const pageSize = 200;

export async function readMilestones(store: TenantStore, tenant: DemoTenant): Promise<Milestones> {
  const owner = await store.users.byLoginName(loginOf(tenant.owner, tenant));
  const users = await store.users.page(0, pageSize);
  const groups = await store.groups.page(0, pageSize);
  const groupIds = groups.map(({ id }) => id);
  const connections = await store.connections.list();
  const connected = connections.find(({ type, status }) => type === tenant.protocol && status === "active");
  const identities = await Promise.all(users.map(({ id }) => store.identities.ofUser(id)));
  return {
    ownerSignedIn: owner !== null && (await store.sessions.ofUser(owner.id)).length > 0,
    connected: connected !== undefined,
    signedIn: identities
      .flat()
      .some((one) => one.connectionId === connected?.id && one.lastSignInAt !== null),
    tokenUsed: (await store.tokens.list()).some(({ lastUsedAt }) => lastUsedAt !== null),
    provisioned: (await store.users.provisionedCount()) > 0,
    groupPushed: groups.some(({ sourceId }) => sourceId !== null),
    groupMapped: (await store.roles.mappedGroups(groupIds)).size > 0,
    deactivated: users.some(({ origin, active }) => origin === "scim" && !active),
    loggedOut: (await store.activity.page({ kind: "universal-logout" }, null, 1)).length > 0,
  };
}
