import { accessTokenStore } from "./access-tokens.ts";
import { apiKeyStore } from "./api-keys.ts";
import type { Database } from "./database.ts";
import { outbox } from "./outbox.ts";
import { provisioningGrantStore } from "./provisioning-grants.ts";
import { removeExpiredRateLimits } from "./rate-limits.ts";
import { recordings } from "./recordings.ts";
import { sessionStore } from "./session-store.ts";
import { systemStore } from "./system-store.ts";
import { countAgeMs, countKinds, dayMs } from "./tenant/counts.ts";
import { maxMessageAgeMs } from "./tenant/inspector.ts";
import { webhookQueue } from "./webhook-queue.ts";

/** How long the console shows a message of the outbox, and a delivery of a webhook, after it was settled. */
const outboxAgeMs = 7 * dayMs;

/**
 * Nothing depends on it, because queries ignore expired rows. Also notes the number of people. Removes expired sessions, access tokens, API keys, links, sign-ins in flight, codes, rate limits, answers to repeated requests, ids of events, recorded messages, settled messages of the outbox and of webhooks, figures
 * and activity.
 */
export async function removeExpired(database: Database): Promise<void> {
  await sessionStore(database).removeExpired();
  await accessTokenStore(database).removeExpired();
  await apiKeyStore(database).removeEnded();
  await systemStore(database).links.removeExpired();
  await systemStore(database).removeExpiredLogins();
  await provisioningGrantStore(database).removeExpired();
  await recordings(database).removeOlderThan(Date.now() - maxMessageAgeMs);
  await removeExpiredRateLimits(database);
  for (const table of ["idempotency_keys", "received_signals"])
    await database.sql()(table).where("expires_at", "<=", Date.now()).delete();
  await outbox(database).removeSettled(Date.now() - outboxAgeMs);
  await webhookQueue(database).removeSettled(Date.now() - outboxAgeMs);
  await database
    .sql()("refused_people")
    .where("started_at", "<", Date.now() - dayMs)
    .delete();
  for (const kind of countKinds) {
    const before = Date.now() - countAgeMs(kind);
    await database.sql()("day_counts").where({ kind }).where("at", "<", before).delete();
  }
  await notePeople(database);
  await removeOldActivity(database);
}

/** Keeps how many people each tenant has today, for the bars of the overview. Writes only what has changed. */
async function notePeople(database: Database): Promise<void> {
  const today = Math.floor(Date.now() / dayMs) * dayMs;
  await database.sql().raw(
    `insert into day_counts (tenant_id, kind, at, subject, shard, count)
     select id, 'people', cast(? as bigint), '', 0, user_count from tenants where user_count > 0
     on conflict (tenant_id, kind, at, subject, shard) do update set count = excluded.count
     where day_counts.count <> excluded.count`,
    [today],
  );
}

/** Entries per delete statement, so that it blocks other writers only briefly. */
const chunk = 500;

/** Removes activity that is older than its tenant's retention period. */
async function removeOldActivity(database: Database): Promise<void> {
  const old = "activity.at < ? - tenants.activity_days * ?";
  const tenants: { id: string; activity_days: number }[] = await database
    .sql()("tenants")
    .whereExists(
      database
        .sql()("activity")
        .whereRaw(`activity.tenant_id = tenants.id and ${old}`, [Date.now(), dayMs])
        .select("id"),
    )
    .select("id", "activity_days");
  for (const { id, activity_days: days } of tenants) {
    while (await removeChunk(database, id, Date.now() - days * dayMs));
  }
}

/** Returns whether it removed any entries. */
async function removeChunk(database: Database, tenantId: string, before: number): Promise<boolean> {
  const oldest = database.sql()("activity").where("tenant_id", tenantId).where("at", "<", before);
  const some = oldest.orderBy("at").limit(chunk).select("id");
  return (await database.sql()("activity").where("tenant_id", tenantId).whereIn("id", some).delete()) > 0;
}
