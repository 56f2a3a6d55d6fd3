import type { TenantStore } from "../store/tenant-store.ts";
import { type Mails, mayResetPassword } from "./mails.ts";

/**
 * Sends a link for a new password to the person with this login name, if there is one who signs in with a password. Call it
 * after the response, and reveal the result to no one: neither the answer nor its timing may show whether there is such an
 * account. Returns whether there is one, for the log.
 */
export async function requestPasswordReset(
  store: TenantStore,
  mails: Mails,
  loginName: string,
  requestId: string,
): Promise<boolean> {
  return await store.transaction(async (inside) => {
    const user = await inside.users.byLoginName(loginName);
    if (!user || !(await mayResetPassword(inside, user))) return false;
    await mails.add(inside, user.id, "password-reset");
    await inside.activity.record({
      actorKind: "sign-in",
      actor: user.loginName,
      actorId: user.id,
      action: "password.reset_requested",
      targetId: null,
      changed: [],
      requestId,
    });
    return true;
  });
}
