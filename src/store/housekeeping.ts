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
 * Removes expired sessions, access tokens, API keys, links, sign-ins in flight, codes, rate limits, answers to repeated
 * requests, ids of events, recorded messages, settled messages of the outbox and of webhooks, and figures. src/trail/
 * removes activity. Also notes the number of people. Nothing depends on the removal: queries ignore expired rows.
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
