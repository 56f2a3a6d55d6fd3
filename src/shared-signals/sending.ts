import { tell } from "../directory/access-events.ts";
import { ConflictError } from "../errors.ts";
import type { Connection } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { orgNames } from "../trust/issuer-names.ts";
import { newSigningKey, type SignalKeyMaker } from "./signing-keys.ts";

/** Runs in the transaction of the change, before it, with the connection locked. */
type Step = (inside: TenantStore) => Promise<void>;

/** The org that signals about a connection's people go to: its URL without a slash at its end; null if it is unknown. */
export function receivingOrg({ settings }: Connection): string | null {
  return orgNames(settings)[0] ?? null;
}

/**
 * Begins to send signals to the connection's org. The first time, it makes the key. Throws ConflictError `stale` if the
 * connection is not active or its org is unknown, and any error of `step`; then nothing changes.
 */
export async function enableSending(
  store: TenantStore,
  maker: SignalKeyMaker,
  connection: Connection,
  step: Step,
): Promise<void> {
  const owner = { tenantId: store.tenantId, connectionId: connection.id };
  // Generating a key is slow, so it happens before the transaction.
  const hasKey = (await store.signalTransmitters.keys(connection.id)).length > 0;
  const first = hasKey ? null : await newSigningKey(maker, owner);
  await store.transaction(async (inside) => {
    const locked = await inside.connections.lock(connection.id);
    await step(inside);
    if (locked?.status !== "active") throw new ConflictError("stale", "Switch the connection on first.");
    if (receivingOrg(locked) === null)
      throw new ConflictError("stale", "Enter the org URL in the settings of the connection first.");
    const isFirst = (await inside.signalTransmitters.keys(connection.id)).length === 0;
    if (first && isFirst) await inside.signalTransmitters.addKey(connection.id, { generation: 1, ...first });
    await inside.signalTransmitters.setSending(connection.id, true);
  });
}

/** Stops sending, also what waits. The keys stay for the next time. Throws any error of `step`. */
export async function disableSending(store: TenantStore, connection: Connection, step: Step): Promise<void> {
  await store.transaction(async (inside) => {
    await inside.connections.lock(connection.id);
    await step(inside);
    await inside.signalTransmitters.setSending(connection.id, false);
  });
}

/**
 * Publishes another key, which signs once receivers have had time to read it (publishedMs). The former key stays published
 * until the next change; older ones are deleted. Throws ConflictError `stale` while signals are off, and any error of `step`.
 */
export async function addSigningKey(
  store: TenantStore,
  maker: SignalKeyMaker,
  connection: Connection,
  step: Step,
): Promise<void> {
  const key = await newSigningKey(maker, { tenantId: store.tenantId, connectionId: connection.id });
  await store.transaction(async (inside) => {
    const locked = await inside.connections.lock(connection.id);
    await step(inside);
    const former = (await inside.signalTransmitters.keys(connection.id)).at(-1);
    if (!former || !locked?.sendsSignals) throw new ConflictError("stale", "Switch the signals on first.");
    await inside.signalTransmitters.removeKeysBefore(connection.id, former.generation);
    await inside.signalTransmitters.addKey(connection.id, { generation: former.generation + 1, ...key });
  });
}

/**
 * Sends a test event about the administrator who asks for it. Throws ConflictError `stale` if signals are off or the
 * administrator has no address, and any error of `step`.
 */
export async function sendTestEvent(
  store: TenantStore,
  connection: Connection,
  userId: string,
  step: Step,
): Promise<void> {
  await store.transaction(async (inside) => {
    const locked = await inside.connections.lock(connection.id);
    await step(inside);
    if (!locked?.sendsSignals) throw new ConflictError("stale", "Switch the signals on first.");
    if ((await inside.signalTransmitters.addressOf(connection.id, userId)) === null)
      throw new ConflictError(
        "stale",
        "Your account has no e-mail address, and the test event is about you.",
      );
    await tell(inside, [connection.id], userId, { event: "test" });
  });
}
