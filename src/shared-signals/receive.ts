import { judge } from "policy-list/policy";
import { revokeUserAccess } from "../directory/access.ts";
import { usersOf } from "../sso/subjects.ts";
import type { Database } from "../store/database.ts";
import { hashToken } from "../store/secrets.ts";
import type { FoundSignalStream } from "../store/system-store.ts";
import type { ActivityEntry } from "../store/tenant/activity.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { eventTypes, type SignalEvent } from "./events.ts";
import { oldestSetMs, stateRules } from "./policy.ts";

/** What an event did. */
export type SignalResult =
  | "sessions-ended"
  | "recorded"
  | "person-unknown"
  | "verified"
  | "stream-updated"
  | "ignored"
  | "repeated";

/** An accepted SET. */
export interface AcceptedSet {
  jti: string;
  /** When it was issued, in ms since 1970. */
  issuedAt: number;
  event: SignalEvent;
  requestId: string;
}

/** An act of an event, in the transaction that stores its id. */
interface Act {
  store: TenantStore;
  found: FoundSignalStream;
  event: SignalEvent;
  record(entry: Pick<ActivityEntry, "action"> & Partial<ActivityEntry>): Promise<void>;
}

/**
 * Stores the id of a SET and acts on its event, in one transaction. A repeat does nothing: transmitters send a SET again if
 * they did not see our answer (RFC 8935 §2). Throws RuleBrokenError, and stores nothing then.
 */
export async function receive(
  database: Database,
  found: FoundSignalStream,
  { jti, issuedAt, event, requestId }: AcceptedSet,
): Promise<SignalResult> {
  const { tenantId, connection, stream } = found;
  return await forTenant(database, tenantId).transaction(async (store) => {
    const isNew = await store.receivedSignals.consume(stream.id, hashToken(jti), endOfId(issuedAt));
    if (!isNew) return "repeated";
    const actor = { actorKind: "shared-signals", actor: connection.key } as const;
    const record: Act["record"] = (entry) =>
      store.activity.record({ ...actor, targetId: null, changed: [], requestId, ...entry });
    const act = actOn(event.type, stream.isPausedHere);
    const result = act ? await act({ store, found, event, record }) : "ignored";
    await store.signalStreams.recordEvent(stream.id, event.type);
    await store.counts.add([{ kind: "signal", subject: connection.id, count: 1 }]);
    return result;
  });
}

/** An id is kept until its SET is too old to be accepted, so that no SET is acted on twice. */
function endOfId(issuedAt: number): number {
  return Math.ceil(issuedAt + oldestSetMs + 60_000);
}

function actOn(eventType: string, isPausedHere: boolean) {
  return isPausedHere && endingEvents.has(eventType) ? recordOnly : acts.get(eventType);
}

/** Events that may end access. */
const endingEvents: ReadonlySet<string> = new Set([eventTypes.sessionRevoked, eventTypes.credentialChange]);

async function recordOnly(act: Act): Promise<SignalResult> {
  return await forPeople(act, async (userId) => {
    await act.record({ action: "signal.passed_over", targetId: userId });
    return "recorded";
  });
}

const acts = new Map<string, (act: Act) => Promise<SignalResult>>([
  [eventTypes.sessionRevoked, (act) => forPeople(act, (userId) => endAccess(act, userId))],
  [eventTypes.credentialChange, changeCredential],
  [eventTypes.verification, verifyStream],
  [eventTypes.streamUpdated, updateStream],
]);

async function changeCredential(act: Act): Promise<SignalResult> {
  const { credential_type: credential = "", change_type: change = "update" } = act.event.members;
  const isLost = change === "revoke" || change === "delete";
  return await forPeople(act, async (userId) => {
    await act.record({ action: `user.credential_${change}d`, targetId: userId, changed: [credential] });
    const endsSessions = isLost && act.found.stream.credentialChangeEndsSessions;
    return endsSessions ? await endAccess(act, userId) : "recorded";
  });
}

/** A transmitter may verify on its own, without a state. That says nothing about our request (SSF §8.1.4.2). */
async function verifyStream({ store, found: { stream }, event, record }: Act): Promise<SignalResult> {
  const { state } = event.members;
  if (state === undefined || state === null) return "recorded";
  judge(stateRules, { isExpected: await store.signalStreams.verify(stream.id, hashToken(state)) });
  await record({ action: "stream.verified" });
  return "verified";
}

async function updateStream({ store, found: { stream }, event, record }: Act): Promise<SignalResult> {
  const { status = stream.status, reason = null } = event.members;
  await store.signalStreams.update(stream.id, { status, statusReason: reason });
  await record({ action: `stream.${status}`, changed: ["status"] });
  return "stream-updated";
}

/**
 * An unknown person is not an error: the transmitter must not learn who has an account here (RFC 8417 §6). It is not an entry
 * of the activity either: an org sends the events of all its people (CAEP Interop §2.4.2), also of those without an account.
 */
async function forPeople(
  { store, found, event }: Act,
  each: (userId: string) => Promise<SignalResult>,
): Promise<SignalResult> {
  const { subject } = event;
  const isNamed = subject !== null && subject !== "unsupported";
  const userIds = isNamed ? await usersOf(store, found.connection, subject) : [];
  let result: SignalResult = "person-unknown";
  for (const userId of userIds) result = await each(userId);
  return result;
}

async function endAccess({ store, record }: Act, userId: string): Promise<SignalResult> {
  await revokeUserAccess(store, userId);
  await record({ action: "user.signed_out", targetId: userId });
  return "sessions-ended";
}
