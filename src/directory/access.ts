import { ConflictError, NotFoundError } from "../errors.ts";
import type { User } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";

/**
 * Takes back everything that a person was let in with: sessions end at their next request, and sign-ins in
 * flight fail. The one function behind deprovisioning, an administrator's button and Universal Logout; it
 * belongs in the transaction of the change that causes it.
 */
export async function revokeUserAccess(store: TenantStore, userId: string): Promise<void> {
  await store.users.advanceAccessEpoch(userId);
  await store.sessions.end(userId, null);
  await store.links.removeOfUser(userId);
}

/**
 * Keeps a user out until an administrator lets them in again; no provisioning client can lift it. Throws
 * NotFoundError, or ConflictError `last-owner`.
 */
export async function blockUser(store: TenantStore, userId: string): Promise<User> {
  return await store.transaction(async (inside) => {
    await keepOneOwner(inside, userId);
    const user = await inside.users.update(userId, { blocked: true });
    await revokeUserAccess(inside, userId);
    return user;
  });
}

export async function unblockUser(store: TenantStore, userId: string): Promise<User> {
  return await store.users.update(userId, { blocked: false });
}

/** Ends a user's sessions everywhere, and leaves the account as it is. Throws NotFoundError. */
export async function endSessions(store: TenantStore, userId: string): Promise<void> {
  await store.transaction(async (inside) => {
    if (!(await inside.users.lock(userId))) throw new NotFoundError("There is no such user.");
    await revokeUserAccess(inside, userId);
  });
}

/** Whether nobody else could act as an owner of the tenant. Locks the owners until the transaction ends. */
export async function isLastOwner(store: TenantStore, userId: string): Promise<boolean> {
  const owners = await store.roles.lockActiveOwners();
  return owners.length === 1 && owners[0] === userId;
}

/**
 * The app's own pages never take away the last owner who can sign in. A provisioning client may: deactivation is
 * always obeyed (see provisioning.ts).
 */
export async function keepOneOwner(store: TenantStore, exceptUserId: string): Promise<void> {
  if (await isLastOwner(store, exceptUserId)) {
    throw new ConflictError(
      "last-owner",
      "This is the last owner who can sign in. Make somebody else an owner first.",
    );
  }
}
