import { ConflictError } from "../errors.ts";
import { type AssignableRole, type Role, roles } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { protectLastOwner } from "./owners.ts";
import { forgetSyncedPassword } from "./synced-passwords.ts";

/** Whether `role` includes the rights of `needed`. */
export function atLeast(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}

/**
 * The role of the administrator who acts. Call it in the transaction of the change: they may have lost it by then. Throws
 * ConflictError `not-an-administrator`.
 */
export async function requireStillAdmin(store: TenantStore, userId: string): Promise<Role> {
  const role = await store.roles.effective(userId);
  if (!atLeast(role, "admin"))
    throw new ConflictError("not-an-administrator", "You are no longer an administrator.");
  return role;
}

/**
 * Grants a role by hand, which is the only way to become an owner: provisioning, groups, claims and just-in-time creation
 * grant an AssignableRole. Deletes a new owner's password if provisioning set it, and ends their sessions.
 */
export async function grantRole(store: TenantStore, userId: string, role: Role): Promise<void> {
  await store.transaction(async (inside) => {
    if (role === "owner") await forgetSyncedPassword(inside, userId);
    await inside.roles.grant(userId, role);
  });
}

/** Revokes a manual grant; grants of other sources stay. Throws ConflictError `last-owner`. */
export async function revokeRole(store: TenantStore, userId: string, role: Role): Promise<void> {
  await store.transaction(async (inside) => {
    if (role !== "owner") return await inside.roles.revoke(userId, role);
    await protectLastOwner(inside, () => inside.roles.revoke(userId, role));
    await inside.ownerApprovals.removeOfUser(userId);
  });
}

/** Replaces the roles that provisioning grants a user; grants of other sources stay. */
export async function setProvisionedRoles(
  store: TenantStore,
  userId: string,
  granted: readonly AssignableRole[],
): Promise<void> {
  await store.roles.replace(userId, "scim", null, granted);
}
