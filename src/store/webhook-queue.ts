import type { Database } from "./database.ts";
import { type EndpointRow, toEndpoint, type WebhookEndpoint } from "./tenant/webhooks.ts";

/** An endpoint that this process sends to until its lease expires. */
export interface ClaimedEndpoint extends WebhookEndpoint {
  tenantId: string;
  /** Tells this claim from a later one. */
  claims: number;
}

/** The end of an attempt. `again`: the delivery waits for the next one. */
export interface DeliveryEnd {
  state: "sent" | "failed" | "again";
  answer: string;
}

/**
 * The endpoints of all tenants that have something to send, for the processes that do it. One process at a time works on an
 * endpoint, which keeps the order. Leases are those of the outbox (outbox.ts).
 */
export function webhookQueue(database: Database, now: () => number = Date.now) {
  const ofClaim = ({ tenantId, id, claims }: ClaimedEndpoint, joined = database) =>
    joined.sql()("webhook_endpoints").where({ tenant_id: tenantId, id, claims, state: "active" });

  return {
    /** Claims endpoints with waiting deliveries, those first that are due for the longest time. */
    async claim(limit: number, leaseMs: number): Promise<ClaimedEndpoint[]> {
      const at = now();
      const due: EndpointRow[] = await database
        .sql()("webhook_endpoints")
        .where("webhook_endpoints.state", "active")
        .where("due_at", "<=", at)
        .whereExists(
          database
            .sql()("webhook_deliveries")
            .whereRaw("webhook_deliveries.tenant_id = webhook_endpoints.tenant_id")
            .whereRaw("webhook_deliveries.endpoint_id = webhook_endpoints.id")
            .where("webhook_deliveries.state", "waiting")
            .select("activity_id"),
        )
        .orderBy("due_at")
        .limit(limit)
        .select("webhook_endpoints.*");
      const claimed: ClaimedEndpoint[] = [];
      for (const row of due) {
        const { tenant_id, id, claims, due_at } = row;
        const seen = { tenant_id, id, claims, due_at, state: "active" };
        const lease = { due_at: at + leaseMs, claims: claims + 1 };
        // Another process may have been faster.
        if ((await database.sql()("webhook_endpoints").where(seen).update(lease)) === 0) continue;
        claimed.push({ ...toEndpoint(row), tenantId: tenant_id, claims: claims + 1 });
      }
      return claimed;
    },

    /** Writes down the end of an attempt. Returns whether the claim still holds; without it, nothing changes. */
    async settle(claim: ClaimedEndpoint, activityId: string, end: DeliveryEnd): Promise<boolean> {
      return await database.transaction(async (joined) => {
        if (!(await ofClaim(claim, joined).forNoKeyUpdate().first("id"))) return false;
        const { tenantId: tenant_id, id: endpoint_id } = claim;
        const { state, answer } = end;
        const isSettled = state !== "again";
        await joined
          .sql()("webhook_deliveries")
          .where({ tenant_id, endpoint_id, activity_id: activityId, state: "waiting" })
          .update({
            answer,
            attempts: joined.sql().raw("attempts + 1"),
            first_attempt_at: joined.sql().raw("coalesce(first_attempt_at, ?)", [now()]),
            ...(isSettled ? { state, settled_at: now() } : {}),
          });
        return true;
      });
    },

    /** Ends a claim: the next attempt may begin at a time. */
    async release(
      claim: ClaimedEndpoint,
      { dueAt, failures, failingSince }: Pick<WebhookEndpoint, "dueAt" | "failures" | "failingSince">,
    ): Promise<void> {
      await ofClaim(claim).update({ due_at: dueAt, failures, failing_since: failingSince });
    },

    /** Removes deliveries that were settled before a time. */
    async removeSettled(before: number): Promise<void> {
      await database.sql()("webhook_deliveries").where("settled_at", "<", before).delete();
    },
  };
}
