import { NotFoundError } from "../errors.ts";
import type { User } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { protectLastOwner } from "./owners.ts";

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
    const user = await protectLastOwner(inside, () => inside.users.update(userId, { blocked: true }));
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
