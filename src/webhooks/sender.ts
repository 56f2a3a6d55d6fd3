/**
 * Webhooks: a tenant's activity, sent to addresses that its owners enter (docs/reference/webhooks.md).
 *
 * Owns: the signature (signature.ts), one request (post.ts), and the order, retries and pauses of an endpoint (this file).
 * The store queues an entry in the transaction that records it. May import: the ground floor, trust, store and outbox.
 */
import type { Log } from "../log.ts";
import { backoffMs, type WorkSource } from "../outbox/runner.ts";
import type { Database } from "../store/database.ts";
import type { RecordedActivity } from "../store/tenant/activity.ts";
import type { WebhookDelivery } from "../store/tenant/webhooks.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { type ClaimedEndpoint, webhookQueue } from "../store/webhook-queue.ts";
import { type PostDeps, type PostEnd, postMessage } from "./post.ts";

export interface WebhookSenderDeps extends PostDeps {
  database: Database;
  log: Log;
  /** The entries as their export has them: the receiver reads the same words as the administrator. */
  describe(store: TenantStore, entries: readonly RecordedActivity[]): Promise<object[]>;
  /** Counts the end of each attempt. */
  onAttempt?: (kind: "webhook", state: "sent" | "retry" | "refused") => void;
}

const hourMs = 3_600_000;
/** An entry is tried for so long. Then it counts as failed, and the next one is sent. */
export const tryForMs = 24 * hourMs;
/** An endpoint that fails for so long, without one success, is paused. */
export const pauseAfterMs = 3 * 24 * hourMs;
/** A claim ends after this time and the running request, well before its lease. */
const drainMs = 10_000;
/** Entries that are read at once. */
const batch = 20;

/** The endpoints with something to send, for the runner (src/outbox/runner.ts). */
export function webhookSource(deps: WebhookSenderDeps): WorkSource {
  const queue = webhookQueue(deps.database, deps.now);
  return {
    async claim(limit, leaseMs) {
      return (await queue.claim(limit, leaseMs)).map((claim) => async () => {
        await drain(deps, claim).catch((error: unknown) =>
          deps.log.error({ err: error, tenantId: claim.tenantId, endpointId: claim.id }, "webhook.not_sent"),
        );
      });
    },
  };
}

/** Sends an endpoint's entries in order, until one fails, none is left, or the time is up. */
async function drain(deps: WebhookSenderDeps, claim: ClaimedEndpoint): Promise<void> {
  const { now = Date.now } = deps;
  const store = forTenant(deps.database, claim.tenantId, now);
  const queue = webhookQueue(deps.database, now);
  const begunAt = now();
  let progress = { failures: claim.failures, failingSince: claim.failingSince };
  while (now() - begunAt < drainMs) {
    const deliveries = await store.webhooks.waiting(claim.id, batch);
    if (deliveries.length === 0) break;
    const data = await dataOf(deps, store, deliveries);
    for (const delivery of deliveries) {
      if (now() - begunAt >= drainMs) break;
      const end = await attempt(deps, claim, delivery, data.get(delivery.activityId) ?? {});
      // Another process has the endpoint, or an administrator paused it.
      if (end === null) return;
      if (end.result !== "accepted") return await fail(deps, store, { claim, ...progress }, end);
      progress = { failures: 0, failingSince: null };
    }
  }
  await queue.release(claim, { ...progress, dueAt: now() });
}

/** The payloads by the entries' ids. */
async function dataOf(
  { describe }: WebhookSenderDeps,
  store: TenantStore,
  deliveries: readonly WebhookDelivery[],
): Promise<Map<string, object>> {
  const entries = await store.activity.ofIds(deliveries.map(({ activityId }) => activityId));
  const described = await describe(store, entries);
  return new Map(entries.map(({ id }, index) => [id, described[index] ?? {}]));
}

/** Makes one attempt and writes down its end. Returns null if the claim no longer holds. */
async function attempt(
  deps: WebhookSenderDeps,
  claim: ClaimedEndpoint,
  delivery: WebhookDelivery,
  data: object,
): Promise<PostEnd | null> {
  const { now = Date.now } = deps;
  const { activityId: id, at, action: type } = delivery;
  const end = await postMessage(deps, claim, { id, type, at, data });
  const isTooLate = (delivery.firstAttemptAt ?? now()) + tryForMs <= now();
  const failed = end.result === "refused" || isTooLate ? "failed" : "again";
  const state = end.result === "accepted" ? "sent" : failed;
  const { tenantId, id: endpointId } = claim;
  const fields = { tenantId, endpointId, activityId: id, attempt: delivery.attempts + 1 };
  deps.log.info({ ...fields, state, answer: end.answer }, "webhook.attempted");
  deps.onAttempt?.("webhook", ({ sent: "sent", failed: "refused", again: "retry" } as const)[state]);
  const holds = await webhookQueue(deps.database, now).settle(claim, id, { state, answer: end.answer });
  return holds ? end : null;
}

/** Waits longer after each failure, and pauses an endpoint that fails for days or is gone (410). */
async function fail(
  { database, log, now = Date.now }: WebhookSenderDeps,
  store: TenantStore,
  { claim, ...before }: { claim: ClaimedEndpoint } & Pick<ClaimedEndpoint, "failures" | "failingSince">,
  { answer, retryAfterMs }: PostEnd,
): Promise<void> {
  const failures = before.failures + 1;
  const failingSince = before.failingSince ?? now();
  if (answer !== "410" && now() - failingSince < pauseAfterMs) {
    const wanted = Math.min(hourMs, Math.ceil(retryAfterMs ?? 0));
    const dueAt = now() + Math.max(backoffMs(failures), wanted);
    await webhookQueue(database, now).release(claim, { failures, failingSince, dueAt });
    return;
  }
  await store.transaction(async (inside) => {
    const endpoint = await inside.webhooks.lock(claim.id);
    if (endpoint?.state !== "active") return;
    await inside.webhooks.setState(claim.id, "failing");
    const actor = { actorKind: "system", actor: "Webhooks" } as const;
    const entry = {
      action: "webhook.paused_after_failures",
      targetId: claim.id,
      changed: [],
      requestId: null,
    };
    await inside.activity.record({ ...actor, ...entry });
  });
  log.warn({ tenantId: claim.tenantId, endpointId: claim.id, answer }, "webhook.paused");
}
