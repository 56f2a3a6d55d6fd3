import { prepareSyncedPassword } from "../directory/synced-passwords.ts";
import type { ScimContext } from "./context.ts";

/**
 * The hash of a password that a provisioning client sent, where the tenant has switched password sync on. Otherwise it
 * is dropped (null): Okta always sends one, a random one when sync is off.
 * @param userId null for somebody who is about to be created.
 */
export async function hashSent(
  { passwordSync, passwords, store }: ScimContext,
  userId: string | null,
  password: string | null,
): Promise<string | null> {
  if (!passwordSync || password === null) return null;
  return await prepareSyncedPassword(store, passwords, userId, password);
}
