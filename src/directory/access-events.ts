import type { TenantStore } from "../store/tenant-store.ts";

/**
 * Events of a person's access, for other systems. Each goes into the outbox in the transaction of the change that causes it,
 * once for each identity provider that listens. Changes that a provider itself caused (Universal Logout, provisioning, its
 * own signals) are never told: they would be an echo.
 */
export type AccessEvent =
  | { event: "session-began" }
  | { event: "sessions-ended"; by: "admin" | "user" }
  | { event: "risk-changed"; from: RiskLevel; to: RiskLevel; cause: RiskCause }
  /** A button: a session of the person who pressed it, so that a receiver can show that it hears us. */
  | { event: "test" };

type RiskLevel = "low" | "medium" | "high";
export type RiskCause = "blocked" | "unblocked" | "refused";

/** So many refused sign-ins of one person in one window are a risk. It is told once in a window. */
export const refusalThreshold = 5;
export const refusalWindowMs = 15 * 60_000;

/** Adds an event to the outbox for some connections. Call it in the transaction of the change. */
export async function tell(
  store: TenantStore,
  connectionIds: readonly string[],
  userId: string,
  event: AccessEvent,
): Promise<void> {
  const kind = "shared-signal";
  await store.outbox.add(
    connectionIds.map((connectionId) => ({ kind, connectionId, userId, facts: event }) as const),
  );
}

/** Tells the org of a connection that sends signals that a person's sign-in there was accepted. */
export async function tellSignIn(store: TenantStore, connectionId: string, userId: string): Promise<void> {
  const listening = await store.signalTransmitters.listening(userId);
  if (listening.includes(connectionId)) await tell(store, [connectionId], userId, { event: "session-began" });
}

/**
 * Tells the orgs through which a person's sessions began that these end. Call it before they end.
 * @param except the id of a session that goes on. @param only the id of the one that ends.
 */
export async function tellSessionsEnded(
  store: TenantStore,
  userId: string,
  by: "admin" | "user",
  except: string | null = null,
  only?: string,
): Promise<void> {
  const listening = await store.signalTransmitters.listening(userId);
  if (listening.length === 0) return;
  const ending = await store.sessions.connectionsOf(userId, except, only);
  const concerned = listening.filter((id) => ending.includes(id));
  await tell(store, concerned, userId, { event: "sessions-ended", by });
}

/** Tells every listening org of a person that an administrator blocked or unblocked them. */
export async function tellBlocked(store: TenantStore, userId: string, isBlocked: boolean): Promise<void> {
  const listening = await store.signalTransmitters.listening(userId);
  const change = isBlocked
    ? ({ from: "low", to: "high", cause: "blocked" } as const)
    : ({ from: "high", to: "low", cause: "unblocked" } as const);
  await tell(store, listening, userId, { event: "risk-changed", ...change });
}

/** Counts a refused sign-in of a known person, and tells their listening orgs when there are too many. */
export async function tellRefusals(store: TenantStore, userId: string): Promise<void> {
  const listening = await store.signalTransmitters.listening(userId);
  if (listening.length === 0) return;
  const count = await store.signalTransmitters.countRefusal(userId, refusalWindowMs);
  if (count !== refusalThreshold) return;
  // The risk of a blocked person is already high.
  const user = await store.users.byId(userId);
  if (!user || user.blocked) return;
  const change = { from: "low", to: "medium", cause: "refused" } as const;
  await tell(store, listening, userId, { event: "risk-changed", ...change });
}
