import type { RefusalReason, RefusedError } from "../errors.ts";
import type { ConnectionType, User } from "../model.ts";
import type { Database } from "../store/database.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { tellRefusals } from "./access-events.ts";

/** The connection and request of a sign-in, for the activity. */
export interface SignInAttempt {
  /** null for a password. */
  connectionId: string | null;
  requestId: string | null;
  /** Whether the person entered a password in a browser where it was not entered before. */
  isNewBrowser?: boolean;
}

interface AttemptedBy {
  id: string | null;
  loginName: string;
}

/** Records a successful sign-in. Call it in the transaction of the sign-in, if there is one. */
export async function recordSignIn(store: TenantStore, user: User, attempt: SignInAttempt): Promise<void> {
  await store.users.recordSignIn(user.id);
  await store.activity.tell({ name: "signedIn", userId: user.id, connectionId: attempt.connectionId });
  await record(store, attempt, { action: "sign_in.succeeded", person: user, reason: null });
}

/**
 * Records a refused sign-in and marks the error as recorded.
 * @param person null if the person is unknown: then no name is kept, because people type passwords into name fields.
 */
export async function recordRefusal(
  store: TenantStore,
  error: RefusedError,
  attempt: SignInAttempt,
  person: AttemptedBy | null,
): Promise<void> {
  await store.transaction(async (inside) => {
    if (person?.id) await tellRefusals(inside, person.id);
    await record(inside, attempt, { action: "sign_in.refused", person, reason: error.reason });
  });
  error.recorded = true;
}

async function record(
  store: TenantStore,
  { connectionId, requestId, isNewBrowser = false }: SignInAttempt,
  { action, person, reason }: { action: string; person: AttemptedBy | null; reason: RefusalReason | null },
): Promise<void> {
  await store.activity.record({
    actorKind: "sign-in",
    actor: person?.loginName ?? "",
    actorId: person?.id ?? null,
    action,
    targetId: connectionId,
    changed: isNewBrowser ? ["new browser"] : [],
    reason,
    requestId,
  });
}

/** Limits what an anonymous visitor can make us write, per tenant and reason; the log has all of it. */
const maxPerMinute = 30;

export type RefusalRecorder = ReturnType<typeof refusalRecorder>;

/** Records refusals of unidentified visitors in the activity of the tenant that they tried to enter. */
export function refusalRecorder(database: Database, now: () => number = Date.now) {
  const counts = new Map<string, number>();
  let minute = 0;

  function isOverLimit(tenantId: string, reason: RefusalReason): boolean {
    const current = Math.floor(now() / 60_000);
    if (current !== minute) counts.clear();
    minute = current;
    const key = `${tenantId}/${reason}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count > maxPerMinute;
  }

  return {
    /** For a connection's URLs. Records nothing if there is no such connection. */
    async atConnection(
      key: string,
      type: ConnectionType,
      error: RefusedError,
      requestId: string,
    ): Promise<void> {
      const found = await systemStore(database).connectionKeys.find(key, type);
      if (!found || isOverLimit(found.tenantId, error.reason)) return;
      const attempt = { connectionId: found.connection.id, requestId };
      await recordRefusal(forTenant(database, found.tenantId, now), error, attempt, null);
    },

    /** For the password form. Keeps the typed name only if an account has it. */
    async atPasswordForm(
      tenantId: string,
      loginName: string,
      error: RefusedError,
      requestId: string,
    ): Promise<void> {
      if (isOverLimit(tenantId, error.reason)) return;
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
