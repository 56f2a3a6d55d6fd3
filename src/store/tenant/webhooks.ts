import type { TenantScope } from "./scope.ts";

/** `paused` by a person; `failing`: paused because it failed for days. */
export type WebhookState = "active" | "paused" | "failing";

/** An address to which the tenant's activity is sent. */
export interface WebhookEndpoint {
  id: string;
  url: string;
  /** The areas of the activity, also those of the product; null for all, also future ones. */
  kinds: readonly string[] | null;
  sealedSecret: string;
  /** The secret before the last rotation, and until when it signs, too. */
  former: { sealedSecret: string; until: number } | null;
  state: WebhookState;
  createdAt: number;
  /** When the next attempt may begin. */
  dueAt: number;
  /** Attempts that failed since the last success. */
  failures: number;
  failingSince: number | null;
}

/** An entry for an endpoint. `failed`: refused, or tried for too long. */
export interface WebhookDelivery {
  activityId: string;
  /** The time of the entry. */
  at: number;
  action: string;
  state: "waiting" | "sent" | "failed";
  attempts: number;
  firstAttemptAt: number | null;
  /** The last answer in a few words. */
  answer: string | null;
}

export interface EndpointRow {
  tenant_id: string;
  id: string;
  url: string;
  kinds: string | null;
  sealed_secret: string;
  former_sealed_secret: string | null;
  former_until: number | null;
  state: WebhookState;
  created_at: number;
  due_at: number;
  claims: number;
  failures: number;
  failing_since: number | null;
}

export function toEndpoint(row: EndpointRow): WebhookEndpoint {
  const [sealedSecret, until] = [row.former_sealed_secret, row.former_until];
  return {
    id: row.id,
    url: row.url,
    kinds: row.kinds === null ? null : (JSON.parse(row.kinds) as string[]),
    sealedSecret: row.sealed_secret,
    former: sealedSecret === null || until === null ? null : { sealedSecret, until },
    state: row.state,
    createdAt: row.created_at,
    dueAt: row.due_at,
    failures: row.failures,
    failingSince: row.failing_since,
  };
}

/** The endpoints of one tenant, and what is sent to them. ../webhook-queue.ts hands the work to the processes that do it. */
export function tenantWebhooks(scope: TenantScope, now: () => number) {
  const one = (id: string) => scope.rows("webhook_endpoints").where("id", id);
  const deliveriesOf = (id: string) => scope.rows("webhook_deliveries").where("endpoint_id", id);

  async function deliveries(id: string, order: "asc" | "desc", limit: number, state?: "waiting") {
    const query = scope.rows("webhook_deliveries").where("webhook_deliveries.endpoint_id", id);
    if (state) query.where("webhook_deliveries.state", state);
    scope.join(query, "activity", "id", "webhook_deliveries.activity_id");
    query.orderBy("webhook_deliveries.at", order).orderBy("webhook_deliveries.activity_id", order);
    return await query.limit(limit).select("webhook_deliveries.*", "activity.action");
  }

  return {
    /** Oldest first. */
    async list(): Promise<WebhookEndpoint[]> {
      return ((await scope.rows("webhook_endpoints").orderBy(["created_at", "id"])) as EndpointRow[]).map(
        toEndpoint,
      );
    },

    async byId(id: string): Promise<WebhookEndpoint | null> {
      const row = (await one(id).first()) as EndpointRow | undefined;
      return row ? toEndpoint(row) : null;
    },

    /**
     * Keeps others from changing the endpoint until the transaction ends. PostgreSQL: entries for it need only its key
     * (fan-out.ts), and do not wait.
     */
    async lock(id: string): Promise<WebhookEndpoint | null> {
      const row = (await one(id).forNoKeyUpdate().first()) as EndpointRow | undefined;
      return row ? toEndpoint(row) : null;
    },

    async add({
      id,
      url,
      kinds,
      sealedSecret,
    }: Pick<WebhookEndpoint, "id" | "url" | "kinds" | "sealedSecret">) {
      const at = now();
      await scope.insert("webhook_endpoints", {
        id,
        url,
        kinds: kinds && JSON.stringify(kinds),
        sealed_secret: sealedSecret,
        state: "active",
        created_at: at,
        due_at: at,
        claims: 0,
        failures: 0,
      });
    },

    async setKinds(id: string, kinds: WebhookEndpoint["kinds"]): Promise<void> {
      await one(id).update({ kinds: kinds && JSON.stringify(kinds) });
    },

    /** Resumed, an endpoint begins anew: it is due now, and has not failed. */
    async setState(id: string, state: WebhookState): Promise<void> {
      const anew = { due_at: now(), failures: 0, failing_since: null };
      await one(id).update(state === "active" ? { state, ...anew } : { state });
    },

    /** Signs with another secret; until a time, also with the one before. */
    async replaceSecret(id: string, sealedSecret: string, formerUntil: number): Promise<void> {
      await one(id).update({
        former_sealed_secret: scope.raw("sealed_secret"),
        former_until: formerUntil,
        sealed_secret: sealedSecret,
      });
    },

    /** Removes an endpoint with all its deliveries. */
    async remove(id: string): Promise<void> {
      await one(id).delete();
    },

    /** The latest deliveries, newest entry first. */
    async deliveries(id: string, limit: number): Promise<WebhookDelivery[]> {
      return ((await deliveries(id, "desc", limit)) as DeliveryRow[]).map(toDelivery);
    },

    /** The next deliveries, oldest entry first. */
    async waiting(id: string, limit: number): Promise<WebhookDelivery[]> {
      return ((await deliveries(id, "asc", limit, "waiting")) as DeliveryRow[]).map(toDelivery);
    },

    /** Counts no further than `most`: after an outage of days, millions may wait. */
    async count(id: string, state: "waiting" | "failed", most: number): Promise<number> {
      return (await deliveriesOf(id).where("state", state).limit(most).select("activity_id")).length;
    },

    /**
     * Sends an entry again, or all that failed, as if they had not been tried. The endpoint is due now. Returns the number.
     * @param activityId null for all that failed.
     */
    async replay(id: string, activityId: string | null): Promise<number> {
      const chosen = deliveriesOf(id).whereNot("state", "waiting");
      if (activityId === null) chosen.where("state", "failed");
      else chosen.where("activity_id", activityId);
      const anew = { state: "waiting", attempts: 0, first_attempt_at: null, answer: null, settled_at: null };
      const count = (await chosen.update(anew)) as number;
      if (count > 0) await one(id).where("due_at", ">", now()).update({ due_at: now() });
      return count;
    },
  };
}

interface DeliveryRow {
  activity_id: string;
  at: number;
  action: string;
  state: WebhookDelivery["state"];
  attempts: number;
  first_attempt_at: number | null;
  answer: string | null;
}

function toDelivery(row: DeliveryRow): WebhookDelivery {
  return {
    activityId: row.activity_id,
    at: row.at,
    action: row.action,
    state: row.state,
    attempts: row.attempts,
    firstAttemptAt: row.first_attempt_at,
    answer: row.answer,
  };
}
