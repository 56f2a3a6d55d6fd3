import { randomUUID } from "node:crypto";
import { ConflictError, NotFoundError } from "../errors.ts";
import type { AssignableRole, Role, User } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { blockUser, endSessions, revokeUserAccess, unblockUser } from "./access.ts";
import { protectLastOwner } from "./owners.ts";
import { atLeast, grantRole, revokeRole } from "./roles.ts";

/** Who acts on somebody. What they may do is read in the transaction of the change: their role may be gone by then. */
export interface Administrator {
  userId: string;
}

/** Throws NotFoundError, and ConflictError `owners-only`, `yourself` or `last-owner`. */
export async function blockPerson(store: TenantStore, by: Administrator, userId: string): Promise<void> {
  await store.transaction(async (inside) => {
    await mayActOn(inside, by, userId);
    notOn(by, userId, "block");
    await blockUser(inside, userId);
  });
}

/** Throws NotFoundError, and ConflictError `owners-only`. */
export async function unblockPerson(store: TenantStore, by: Administrator, userId: string): Promise<void> {
  await store.transaction(async (inside) => {
    await mayActOn(inside, by, userId);
    await unblockUser(inside, userId);
  });
}

/** Ends somebody's sessions everywhere. Throws NotFoundError, and ConflictError `owners-only`. */
export async function signOutPerson(store: TenantStore, by: Administrator, userId: string): Promise<void> {
  await store.transaction(async (inside) => {
    await mayActOn(inside, by, userId);
    await endSessions(inside, userId);
  });
}

/**
 * Makes `role` what somebody is given by hand; what provisioning, groups and sign-ins grant stays. Throws NotFoundError,
 * and ConflictError: `owners-only`, since nobody but an owner makes or unmakes owners; `last-owner`.
 */
export async function giveRole(
  store: TenantStore,
  by: Administrator,
  userId: string,
  role: Role,
): Promise<void> {
  await store.transaction(async (inside) => {
    await mayActOn(inside, by, userId);
    if (role === "owner" && (await inside.roles.effective(by.userId)) !== "owner") {
      throw new ConflictError("owners-only", "Only an owner can make somebody an owner.");
    }
    for (const other of ["member", "admin", "owner"] as const) {
      if (other !== role) await revokeRole(inside, userId, other);
    }
    if (role !== "member") await grantRole(inside, userId, role);
  });
}

/**
 * Forgets that a subject of a connection is this person; whoever is signed in as them is signed out, and what the
 * connection's claims granted is gone. Throws NotFoundError, and ConflictError: `owners-only`; `last-owner`, when the
 * last owner could not sign in any more.
 */
export async function unlinkIdentity(
  store: TenantStore,
  by: Administrator,
  userId: string,
  identity: { connectionId: string; subject: string },
): Promise<void> {
  await store.transaction(async (inside) => {
    await mayActOn(inside, by, userId);
    const identities = await inside.identities.ofUser(userId);
    const isTheirs = (one: typeof identity) =>
      one.connectionId === identity.connectionId && one.subject === identity.subject;
    if (!identities.some(isTheirs)) throw new NotFoundError("There is no such identity.");
    await protectLastOwner(inside, () => inside.identities.remove(identity.connectionId, identity.subject));
    if (!identities.some((one) => !isTheirs(one) && one.connectionId === identity.connectionId)) {
      await inside.roles.replace(userId, "claim", identity.connectionId, []);
    }
    await revokeUserAccess(inside, userId);
  });
}

/**
 * Deletes somebody who came just in time, or has a local account and is no owner: the way out for whoever has a password
 * only and may not use it any more. Sessions, identities, memberships and grants go with them. Provisioning's people are
 * its own to delete. Throws NotFoundError, and ConflictError: `owners-only`, `yourself`, `last-owner`,
 * `not-just-in-time`.
 * @param keepOut whether they are kept from coming just in time again, until somebody lifts that.
 */
export async function deletePerson(
  store: TenantStore,
  by: Administrator,
  userId: string,
  keepOut: boolean,
): Promise<void> {
  await store.transaction(async (inside) => {
    const user = await mayActOn(inside, by, userId);
    notOn(by, userId, "delete");
    const problem = await problemOfDeleting(inside, user);
    if (problem !== null) throw new ConflictError("not-just-in-time", problem);
    if (keepOut) {
      await inside.tombstones.add(randomUUID(), user.loginName, await inside.identities.ofUser(userId));
    }
    await protectLastOwner(inside, () => inside.users.remove(userId));
  });
}

async function problemOfDeleting(store: TenantStore, { id, origin }: User): Promise<string | null> {
  if (origin === "scim")
    return "Provisioning looks after this person: they are deleted where they come from.";
  if (origin === "local" && (await store.roles.effective(id)) === "owner")
    return "Take the role of an owner away from this account first.";
  return null;
}

/** Lets somebody who was deleted come just in time again. Throws NotFoundError. */
export async function liftTombstone(store: TenantStore, id: string): Promise<void> {
  if (!(await store.tombstones.lift(id))) throw new NotFoundError("There is no such person.");
}

/** Makes every member of a group an administrator for as long as they are in it, or no longer. Throws NotFoundError. */
export async function giveGroupRole(
  store: TenantStore,
  groupId: string,
  role: AssignableRole,
): Promise<void> {
  await store.transaction(async (inside) => {
    if (!(await inside.groups.lock(groupId))) throw new NotFoundError("There is no such group.");
    if (role === "admin") await inside.roles.mapGroup(groupId, "admin");
    else await inside.roles.unmapGroup(groupId, "admin");
  });
}

/** Locks and returns the user; to an owner nobody but an owner does anything. */
async function mayActOn(store: TenantStore, by: Administrator, userId: string): Promise<User> {
  const user = await store.users.lock(userId);
  if (!user) throw new NotFoundError("There is no such person.");
  const role = await store.roles.effective(by.userId);
  if (!atLeast(role, "admin")) throw new ConflictError("owners-only", "You are no administrator any more.");
  if (role !== "owner" && (await store.roles.isOwner(userId))) {
    throw new ConflictError("owners-only", "Only an owner can do that to an owner.");
  }
  return user;
}

function notOn(by: Administrator, userId: string, what: string): void {
  if (by.userId !== userId) return;
  throw new ConflictError("yourself", `You cannot ${what} yourself. Ask another administrator.`);
}
