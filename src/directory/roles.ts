import { type AssignableRole, type Role, roles } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { protectLastOwner } from "./owners.ts";
import { forgetSyncedPassword } from "./synced-passwords.ts";

/** Whether `role` may do what `needed` may. */
export function atLeast(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}

/**
 * Grants a role by hand. `owner` comes into being only here: a provisioning client, a group, a claim and
 * just-in-time creation can grant assignable roles only, which their types say. A password that provisioning set for the
 * new owner is deleted, and their sessions end.
 */
export async function grantRole(store: TenantStore, userId: string, role: Role): Promise<void> {
  await store.transaction(async (inside) => {
    if (role === "owner") await forgetSyncedPassword(inside, userId);
    await inside.roles.grant(userId, role);
  });
}

/** Takes a manual grant back. Throws ConflictError `last-owner`. Grants of other sources stay. */
export async function revokeRole(store: TenantStore, userId: string, role: Role): Promise<void> {
  await store.transaction(async (inside) => {
    if (role !== "owner") return await inside.roles.revoke(userId, role);
    await protectLastOwner(inside, () => inside.roles.revoke(userId, role));
    await inside.ownerApprovals.removeOfUser(userId);
  });
}

/** Makes `granted` exactly what provisioning grants the user; grants of other sources stay. */
export async function setProvisionedRoles(
  store: TenantStore,
  userId: string,
  granted: readonly AssignableRole[],
): Promise<void> {
  await store.roles.replace(userId, "scim", null, granted);
}
