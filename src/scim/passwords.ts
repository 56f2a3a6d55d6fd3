import { hashPassword } from "../directory/password-hash.ts";
import type { User } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { ScimContext } from "./context.ts";

/**
 * Keeps a password that a provisioning client sent, where the tenant has switched password sync on. Otherwise it is
 * dropped: Okta always sends one, a random one when sync is off. An account of the application keeps its own.
 */
export async function syncPassword(
  { passwordSync }: ScimContext,
  store: TenantStore,
  user: User,
  password: string | null,
): Promise<void> {
  if (!passwordSync || password === null || user.origin === "local") return;
  await store.credentials.set(user.id, await hashPassword(password));
}
