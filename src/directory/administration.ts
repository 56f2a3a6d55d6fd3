import { randomUUID } from "node:crypto";
import { ConflictError, NotFoundError } from "../errors.ts";
import type { AssignableRole, Role, User } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { blockUser, endSessions, revokeUserAccess, unblockUser } from "./access.ts";
import { tellBlocked, tellSessionsEnded } from "./access-events.ts";
import { revokeAgentGrant } from "./agents.ts";
import { type Mails, noMails } from "./mails.ts";
import { protectLastOwner } from "./owners.ts";
import { atLeast, grantRole, requireStillAdmin, revokeRole } from "./roles.ts";
import { giveNotice } from "./security-notices.ts";

/**
 * The administrator who acts. Each change of a person throws ConflictError `not-an-administrator` if they have lost the role.
 */
export interface Administrator {
  userId: string;
  /** For the notices of what they change. None are sent without it. */
  mails?: Mails;
}

/** Throws NotFoundError, and ConflictError `owners-only`, `yourself` or `last-owner`. */
export async function blockPerson(store: TenantStore, by: Administrator, userId: string): Promise<void> {
  await store.transaction(async (inside) => {
    const { blocked } = await lockTarget(inside, by, userId);
    refuseOnSelf(by, userId, "block");
    await tellSessionsEnded(inside, userId, "admin");
    await blockUser(inside, userId);
    if (!blocked) await tellBlocked(inside, userId, true);
  });
}

/** Throws NotFoundError, and ConflictError `owners-only`. */
export async function unblockPerson(store: TenantStore, by: Administrator, userId: string): Promise<void> {
  await store.transaction(async (inside) => {
    const { blocked } = await lockTarget(inside, by, userId);
    await unblockUser(inside, userId);
    if (blocked) await tellBlocked(inside, userId, false);
  });
}

/** Ends a person's sessions everywhere. Throws NotFoundError, and ConflictError `owners-only`. */
export async function signOutPerson(store: TenantStore, by: Administrator, userId: string): Promise<void> {
  await store.transaction(async (inside) => {
    await lockTarget(inside, by, userId);
    await tellSessionsEnded(inside, userId, "admin");
    await endSessions(inside, userId);
  });
}

/** Ends one session of a person. Throws NotFoundError, and ConflictError `owners-only`, or `stale` if it has ended. */
export async function endSessionOf(
  store: TenantStore,
  by: Administrator,
  { userId, sessionId }: { userId: string; sessionId: string },
): Promise<void> {
  await store.transaction(async (inside) => {
    await lockTarget(inside, by, userId);
    await tellSessionsEnded(inside, userId, "admin", null, sessionId);
    if (!(await inside.sessions.revokeOne(userId, sessionId)))
      throw new ConflictError("stale", "This session has ended already.");
  });
}

/** Revokes an agent's access to a person's data, as the person can. Throws NotFoundError, and ConflictError `owners-only`. */
export async function revokeAgentOf(
  store: TenantStore,
  by: Administrator,
  userId: string,
  clientId: string,
): Promise<void> {
  await store.transaction(async (inside) => {
    await lockTarget(inside, by, userId);
    await revokeAgentGrant(inside, userId, clientId, true);
  });
}

/**
 * Makes `role` the one manual grant of a person; roles from provisioning, groups and sign-ins stay. Throws
 * NotFoundError, and ConflictError: `owners-only`, since only owners grant or revoke the role of an owner; `last-owner`.
 */
export async function giveRole(
  store: TenantStore,
  by: Administrator,
  userId: string,
  role: Role,
): Promise<void> {
  await store.transaction(async (inside) => {
    const user = await lockTarget(inside, by, userId);
    const before = await inside.roles.effective(userId);
    if (role === "owner" && (await inside.roles.effective(by.userId)) !== "owner") {
      throw new ConflictError("owners-only", "Only an owner can make another person an owner.");
    }
    for (const other of ["member", "admin", "owner"] as const) {
      if (other !== role) await revokeRole(inside, userId, other);
    }
    if (role !== "member") await grantRole(inside, userId, role);
    if (!atLeast(before, await inside.roles.effective(userId)))
      await giveNotice(inside, by.mails ?? noMails, "role-raised", { user });
    await inside.activity.tell({ name: "personChanged", userId });
  });
}

/**
 * Unlinks an identity from a person. Their sessions end, and roles from the connection's claims are revoked. Throws
 * NotFoundError, and ConflictError: `owners-only`; `last-owner` if the last owner could no longer sign in.
 */
export async function unlinkIdentity(
  store: TenantStore,
  by: Administrator,
  userId: string,
  identity: { connectionId: string; subject: string },
): Promise<void> {
  await store.transaction(async (inside) => {
    await lockTarget(inside, by, userId);
    const identities = await inside.identities.ofUser(userId);
    const isTheirs = (one: typeof identity) =>
      one.connectionId === identity.connectionId && one.subject === identity.subject;
    if (!identities.some(isTheirs)) throw new NotFoundError("There is no such identity.");
    await tellSessionsEnded(inside, userId, "admin");
    await protectLastOwner(inside, () => inside.identities.remove(identity.connectionId, identity.subject));
    if (!identities.some((one) => !isTheirs(one) && one.connectionId === identity.connectionId)) {
      await inside.roles.replace(userId, "claim", identity.connectionId, []);
    }
    await revokeUserAccess(inside, userId);
  });
}

/**
 * Deletes a just-in-time user, or a local or invited one who is not an owner, with its sessions, identities, memberships and
 * grants. Only provisioning deletes the people that it manages. Throws NotFoundError, and ConflictError: `owners-only`,
 * `yourself`, `last-owner`, `not-just-in-time`, `owner-protected`.
 * @param keepOut whether a tombstone keeps them from being created just in time again.
 */
export async function deletePerson(
  store: TenantStore,
  by: Administrator,
  userId: string,
  keepOut: boolean,
): Promise<void> {
  await store.transaction(async (inside) => {
    const user = await lockTarget(inside, by, userId);
    refuseOnSelf(by, userId, "delete");
    await refuseToDelete(inside, user);
    if (keepOut) {
      await inside.tombstones.add(randomUUID(), user.loginName, await inside.identities.ofUser(userId));
    }
    await protectLastOwner(inside, () => inside.users.remove(userId));
    await inside.activity.tell({ name: "accessRevoked", userId, cause: "deleted" });
  });
}

async function refuseToDelete(store: TenantStore, { id, origin }: User): Promise<void> {
  if (origin === "scim")
    throw new ConflictError(
      "not-just-in-time",
      "Provisioning manages this person. Delete them in the system that provisions them.",
    );
  if (origin !== "just-in-time" && (await store.roles.effective(id)) === "owner")
    throw new ConflictError("owner-protected", "Revoke this account's role of an owner first.");
}

/** Lets a deleted person be created just in time again. Throws NotFoundError. */
export async function liftTombstone(store: TenantStore, id: string): Promise<void> {
  if (!(await store.tombstones.lift(id))) throw new NotFoundError("There is no such person.");
}

/** Makes the members of a group administrators (`admin`), or ends that (`member`). Throws NotFoundError. */
export async function giveGroupRole(
  store: TenantStore,
  groupId: string,
  role: AssignableRole,
): Promise<void> {
  await store.transaction(async (inside) => {
    if (!(await inside.groups.lock(groupId))) throw new NotFoundError("There is no such group.");
    if (role === "admin") await inside.roles.mapGroup(groupId, "admin");
    else await inside.roles.unmapGroup(groupId, "admin");
    await inside.activity.tell({ name: "groupChanged", groupId, change: "changed" });
  });
}

/** Locks and returns the user. Only an owner may act on an owner. */
async function lockTarget(store: TenantStore, by: Administrator, userId: string): Promise<User> {
  const user = await store.users.lock(userId);
  if (!user) throw new NotFoundError("There is no such person.");
  const role = await requireStillAdmin(store, by.userId);
  if (role !== "owner" && (await store.roles.isOwner(userId))) {
    throw new ConflictError("owners-only", "Only an owner can do that to an owner.");
  }
  return user;
}

function refuseOnSelf(by: Administrator, userId: string, what: string): void {
  if (by.userId !== userId) return;
  throw new ConflictError("yourself", `You cannot ${what} yourself. Ask another administrator.`);
}
