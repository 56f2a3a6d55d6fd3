import type { User } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { revokeUserAccess } from "./access.ts";
import { requiredConnection } from "./domains.ts";
import { refuseForOwner } from "./owners.ts";
import type { PasswordHasher } from "./password-hash.ts";
import { checkPassword } from "./password-rules.ts";

/**
 * Passwords that a provisioning client sets. They belong to the client: they count while the tenant accepts them, and never
 * for an owner, because the holder of the client's token would know an owner's password.
 */

/**
 * The hash of a password that a client sent; null when it is the person's password already. Hashing is slow on purpose, so
 * it comes before the transaction that keeps it: on SQLite, nobody else could do anything meanwhile. Throws InvalidError
 * for a password that breaks the rules of local ones.
 * @param userId null for somebody who is about to be created.
 */
export async function prepareSyncedPassword(
  store: TenantStore,
  passwords: PasswordHasher,
  userId: string | null,
  password: string,
): Promise<string | null> {
  checkPassword(password);
  // An owner's is never "the same": setSyncedPassword has to refuse it.
  const isComparable = userId !== null && !(await store.roles.isOwner(userId));
  const current = isComparable ? await store.credentials.passwordHash(userId) : null;
  if (current && (await passwords.verify(password, current))) return null;
  return await passwords.hash(password);
}

/**
 * Keeps a new password, unless the person must use single sign-on, and ends their sessions: the holder of the old
 * password is signed out. Throws ConflictError `owner-protected`. Belongs in the transaction of the change.
 */
export async function setSyncedPassword(store: TenantStore, user: User, hash: string): Promise<void> {
  await refuseForOwner(store, user.id, "Provisioning does not set the password of an owner.");
  if ((await requiredConnection(store, user)) !== null) return;
  await store.credentials.set(user.id, hash);
  await revokeUserAccess(store, user.id);
}

/**
 * The hash that a password of this account is compared with; null when no password signs in. The password of a
 * provisioned person counts only while the tenant accepts such passwords, and while the person is no owner.
 */
export async function usablePasswordHash(store: TenantStore, user: User): Promise<string | null> {
  const hash = await store.credentials.passwordHash(user.id);
  if (hash === null || user.origin !== "scim") return hash;
  const settings = await store.settings.read();
  return settings?.passwordSync && !(await store.roles.isOwner(user.id)) ? hash : null;
}

/** Deletes a password that provisioning set, and ends the person's sessions. */
export async function forgetSyncedPassword(store: TenantStore, userId: string): Promise<void> {
  const user = await store.users.byId(userId);
  if (user?.origin === "scim" && (await store.credentials.remove(userId))) {
    await revokeUserAccess(store, userId);
  }
}
