import { requiredConnection } from "../directory/domains.ts";
import { hashPassword } from "../directory/password-hash.ts";
import type { User } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { ScimContext } from "./context.ts";

/**
 * The hash of a password that a provisioning client sent, where the tenant has switched password sync on. Otherwise it
 * is dropped (null): Okta always sends one, a random one when sync is off. Hashing is slow on purpose, so it comes before
 * the transaction that keeps it: on SQLite, nobody else could do anything meanwhile.
 */
export async function hashSent(
  { passwordSync }: ScimContext,
  password: string | null,
): Promise<string | null> {
  return passwordSync && password !== null ? await hashPassword(password) : null;
}

/**
 * Keeps a password that was sent, unless the user has to come by single sign-on. An account of the application has been
 * refused by then (directory/provisioning.ts).
 */
export async function syncPassword(store: TenantStore, user: User, hash: string | null): Promise<void> {
  if (hash === null || (await requiredConnection(store, user)) !== null) return;
  await store.credentials.set(user.id, hash);
}
