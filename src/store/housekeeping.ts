import type { Log } from "../log.ts";
import { removeOldActivity } from "./activity-retention.ts";
import type { Database } from "./database.ts";
import { removeExpiredRateLimits } from "./rate-limits.ts";
import { recordings } from "./recordings.ts";
import { sessionStore } from "./session-store.ts";
import { systemStore } from "./system-store.ts";
import { messageAgeMs } from "./tenant/inspector.ts";

const everyMs = 10 * 60_000;

/**
 * Removes what has expired, now and then. Nothing waits for it: expired rows are never read as living ones. Every
 * replica does it, which is harmless. Returns how to stop.
 */
export function startHousekeeping(database: Database, log: Log): () => void {
  const timer = setInterval(() => {
    removeExpired(database).catch((error: unknown) => log.warn({ err: error }, "housekeeping.failed"));
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Removes sessions, links, counts and recorded messages whose time is over. */
export async function removeExpired(database: Database): Promise<void> {
  await sessionStore(database).removeExpired();
  await systemStore(database).links.removeExpired();
  await systemStore(database).removeExpiredLogins();
  await recordings(database).removeOlderThan(Date.now() - messageAgeMs);
  await removeExpiredRateLimits(database);
  await removeOldActivity(database);
}
