import type { RefusalReason, RefusedError } from "../errors.ts";
import type { ConnectionType, User } from "../model.ts";
import type { Database } from "../store/database.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";

/** A sign-in as the tenant's activity knows it: through which connection (null: by a password), at which request. */
export interface SignInAttempt {
  connectionId: string | null;
  requestId: string | null;
}

/** Somebody got in. Belongs in the transaction of the sign-in, where there is one. */
export async function recordSignIn(store: TenantStore, user: User, attempt: SignInAttempt): Promise<void> {
  await record(store, attempt, "sign_in.succeeded", { id: user.id, loginName: user.loginName }, null);
}

/**
 * Somebody was not let in. The error remembers that it is written down.
 * @param who null when nobody vouches for who it was: then no name is kept, for people type passwords into other fields.
 */
export async function recordRefusal(
  store: TenantStore,
  error: RefusedError,
  attempt: SignInAttempt,
  who: { id: string | null; loginName: string } | null,
): Promise<void> {
  await record(store, attempt, "sign_in.refused", who, error.reason);
  error.recorded = true;
}

async function record(
  store: TenantStore,
  { connectionId, requestId }: SignInAttempt,
  action: string,
  who: { id: string | null; loginName: string } | null,
  reason: RefusalReason | null,
): Promise<void> {
  await store.activity.record({
    actorKind: "sign-in",
    actor: who?.loginName ?? "",
    actorId: who?.id ?? null,
    action,
    targetId: connectionId,
    changed: [],
    reason,
    requestId,
  });
}

/** What anybody can cause, without being known, is written so often in a minute for each reason; the log has it all. */
const mostPerMinute = 30;

export type RefusalRecorder = ReturnType<typeof refusalRecorder>;

/** Writes down what was refused before it was known who it was: at the tenant whose door that was. */
export function refusalRecorder(database: Database, now: () => number = Date.now) {
  const counts = new Map<string, number>();
  let minute = 0;

  function isTooMuch(tenantId: string, reason: RefusalReason): boolean {
    const current = Math.floor(now() / 60_000);
    if (current !== minute) counts.clear();
    minute = current;
    const key = `${tenantId}/${reason}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count > mostPerMinute;
  }

  return {
    /** At a connection's addresses. Nothing is written where there is no such connection. */
    async atConnection(
      key: string,
      type: ConnectionType,
      error: RefusedError,
      requestId: string,
    ): Promise<void> {
      const found = await systemStore(database).connectionKeys.find(key, type);
      if (!found || isTooMuch(found.tenantId, error.reason)) return;
      const attempt = { connectionId: found.connection.id, requestId };
      await recordRefusal(forTenant(database, found.tenantId, now), error, attempt, null);
    },

    /** At the password form. The name that was typed is kept only if an account has it. */
    async atPasswordForm(
      tenantId: string,
      loginName: string,
      error: RefusedError,
      requestId: string,
    ): Promise<void> {
      if (isTooMuch(tenantId, error.reason)) return;
      const store = forTenant(database, tenantId, now);
      await recordRefusal(
        store,
        error,
        { connectionId: null, requestId },
        await store.users.byLoginName(loginName),
      );
    },
  };
}
