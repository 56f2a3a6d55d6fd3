import type { TenantScope } from "./scope.ts";

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
