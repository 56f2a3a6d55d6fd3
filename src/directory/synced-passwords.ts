import type { User } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { revokeUserAccess } from "./access.ts";
import { requiredConnection } from "./domains.ts";
import { refuseForOwner } from "./owners.ts";
import type { PasswordHasher } from "./password-hash.ts";
import { checkPassword } from "./password-rules.ts";

/**
 * Passwords that a provisioning client sets. They work only while the tenant accepts them, and never for an owner: the
 * holder of the client's token would know an owner's password.
 */

/**
 * Returns the hash of a password that a client sent; null if it already is the person's password. Call it before the
 * transaction that stores the hash: hashing is slow by design and would block every other writer on SQLite. Throws
 * InvalidError for a password that breaks the rules of local ones.
 * @param userId null for a user who is about to be created.
 */
export async function prepareSyncedPassword(
  store: TenantStore,
  passwords: PasswordHasher,
  userId: string | null,
  password: string,
): Promise<string | null> {
  checkPassword(password);
  // Don't compare an owner's password: setSyncedPassword must refuse it even if it is the same.
  const isComparable = userId !== null && !(await store.roles.isOwner(userId));
  const current = isComparable ? await store.credentials.passwordHash(userId) : null;
  if (current && (await passwords.verify(password, current))) return null;
  return await passwords.hash(password);
}

/**
 * Stores a new password and ends the person's sessions; does nothing if the person must use single sign-on, or if password
 * sync was turned off while the password was hashed. Call it in the transaction of the change. Throws ConflictError `owner-protected`.
 */
export async function setSyncedPassword(store: TenantStore, user: User, hash: string): Promise<void> {
  if (!(await store.settings.read())?.passwordSync) return;
  await refuseForOwner(store, user.id, "Provisioning does not set the password of an owner.");
  if ((await requiredConnection(store, user)) !== null) return;
  await store.credentials.set(user.id, hash);
  await revokeUserAccess(store, user.id);
}

/**
 * Returns the hash that this account's password must match; null if no password can sign in. A provisioned person's
 * password counts only while the tenant accepts synced passwords and the person is not an owner. The statements are the same
 * for every account, and without one, to avoid a timing oracle.
 */
export async function usablePasswordHash(store: TenantStore, user: User | null): Promise<string | null> {
  const id = user?.id ?? "";
  const hash = await store.credentials.passwordHash(id);
  const settings = await store.settings.read();
  const isOwner = await store.roles.isOwner(id);
  const isUsable = user?.origin !== "scim" || (settings?.passwordSync === true && !isOwner);
  return isUsable ? hash : null;
}

/** Deletes a password that provisioning set and ends the person's sessions. */
export async function forgetSyncedPassword(store: TenantStore, userId: string): Promise<void> {
  const user = await store.users.byId(userId);
  if (user?.origin === "scim" && (await store.credentials.remove(userId))) {
    await revokeUserAccess(store, userId);
  }
}
