import type { ProductEvent } from "../../events.ts";
import { tenantOutbox } from "./outbox.ts";
import type { TenantScope } from "./scope.ts";

// Activity is fanned out to those that listen. Nothing here runs in a tenant without listeners.

/** Queues an event for each of these parts of the product. Call it in the transaction of the change. */
export async function queueForParts(
  scope: TenantScope,
  now: () => number,
  { parts, event }: { parts: readonly string[]; event: ProductEvent },
): Promise<void> {
  // A message with a person disappears with them, but this one may tell of their deletion.
  const message = { kind: "event", connectionId: null, userId: null } as const;
  await tenantOutbox(scope, now).add(parts.map((part) => ({ ...message, facts: { part, event } })));
}

/** Queues an entry for the endpoints that want its area. Call it in the transaction that recorded the entry. */
export async function queueForWebhooks(
  scope: TenantScope,
  { id, at, kind }: { id: string; at: number; kind: string },
): Promise<void> {
  // PostgreSQL: locked, so that a deletion of the endpoint waits instead of failing this transaction.
  const found = scope.rows("webhook_endpoints").forKeyShare().select("id", "kinds");
  const rows = ((await found) as { id: string; kinds: string | null }[])
    .filter(({ kinds }) => kinds === null || (JSON.parse(kinds) as string[]).includes(kind))
    .map((endpoint) => ({ endpoint_id: endpoint.id, activity_id: id, at, state: "waiting", attempts: 0 }));
  await scope.insertMany("webhook_deliveries", rows);
}
