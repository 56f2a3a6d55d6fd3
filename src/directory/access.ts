import { ConflictError, NotFoundError } from "../errors.ts";
import type { RevocationCause } from "../events.ts";
import type { User } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { tellSessionsEnded } from "./access-events.ts";
import { protectLastOwner } from "./owners.ts";

/**
 * Revokes all access of a user: sessions and access tokens end at their next request, and sign-ins in flight fail.
 * Deprovisioning, the admin console and Universal Logout all end here. Call it in the transaction of the change that causes it.
 * @param by whose decision it was: the sign-in page tells the person when their organisation ended their sessions.
 * @param cause for product code (src/events.ts).
 */
export async function revokeUserAccess(
  store: TenantStore,
  userId: string,
  by: "organisation" | "person" = "organisation",
  cause: RevocationCause = "sessions-ended",
): Promise<void> {
  if (by === "person") await tellSessionsEnded(store, userId, "user");
  await store.users.advanceAccessEpoch(userId);
  if (by === "person") await store.sessions.remove(userId, null);
  else await store.sessions.revoke(userId);
  await store.links.removeOfUser(userId);
  await store.activity.tell({ name: "accessRevoked", userId, cause });
}

/**
 * Locks a person who was read before a wait, such as that for a password hash. Returns null if they were deactivated, blocked
 * or deleted in the meantime, or if all their access was revoked.
 */
export async function lockIfUnrevoked(
  store: TenantStore,
  { id, accessEpoch }: Pick<User, "id" | "accessEpoch">,
): Promise<User | null> {
  const user = await store.users.lock(id);
  return user?.active && !user.blocked && user.accessEpoch === accessEpoch ? user : null;
}

/**
 * Locks a signed-in person who changes how they sign in. Throws accountChanged() if their access was revoked since the
 * request began: a request that waited for a reset, a block or a new password must not add a sign-in option.
 */
export async function lockUnchanged(store: TenantStore, user: User): Promise<User> {
  const locked = await lockIfUnrevoked(store, user);
  if (!locked) throw accountChanged();
  return locked;
}

export const accountChanged = () =>
  new ConflictError("stale", "Your account was changed in the meantime. Sign in again.");

/**
 * Blocks a user until an administrator unblocks them; a provisioning client cannot. Throws NotFoundError, or
 * ConflictError `last-owner`.
 */
export async function blockUser(store: TenantStore, userId: string): Promise<User> {
  return await store.transaction(async (inside) => {
    const user = await protectLastOwner(inside, () => inside.users.update(userId, { blocked: true }));
    await revokeUserAccess(inside, userId, "organisation", "blocked");
    return user;
  });
}

export async function unblockUser(store: TenantStore, userId: string): Promise<User> {
  return await store.transaction(async (inside) => {
    const user = await inside.users.update(userId, { blocked: false });
    await inside.activity.tell({ name: "personChanged", userId });
    return user;
  });
}

/** Ends a user's sessions except the one of the browser that asks, because the user wants it. */
export async function endOtherSessions(
  store: TenantStore,
  userId: string,
  own: string | null,
): Promise<void> {
  await store.transaction(async (inside) => {
    await tellSessionsEnded(inside, userId, "user", own);
    await inside.sessions.remove(userId, own);
  });
}

/** Ends one session of a user, because the user wants it. Returns false if it has ended already. */
export async function endOneSession(store: TenantStore, userId: string, sessionId: string): Promise<boolean> {
  return await store.transaction(async (inside) => {
    await tellSessionsEnded(inside, userId, "user", null, sessionId);
    return await inside.sessions.removeOne(userId, sessionId);
  });
}

/** Ends a user's sessions everywhere without changing the account. Throws NotFoundError. */
export async function endSessions(store: TenantStore, userId: string): Promise<void> {
  await store.transaction(async (inside) => {
    if (!(await inside.users.lock(userId))) throw new NotFoundError("There is no such user.");
    await revokeUserAccess(inside, userId);
  });
}
