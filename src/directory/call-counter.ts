import type { Log } from "../log.ts";
import type { Database } from "../store/database.ts";
import { hourMs } from "../store/tenant/counts.ts";
import { forTenant } from "../store/tenant-store.ts";

/** Counts the calls of provisioning clients, for the figures of their tenant. */
export interface CallCounter {
  count(tenantId: string, sourceId: string): void;
  /** Writes what is counted. */
  close(): Promise<void>;
}

/** The calls of a source in an hour. */
interface HeldCalls {
  tenantId: string;
  sourceId: string;
  at: number;
  count: number;
}

/** A counter that counts nothing. */
export const noCallCounter: CallCounter = { count: () => undefined, close: async () => undefined };

/** Calls are written this long, in ms, after the first of them. */
const gatherMs = 5_000;

/**
 * Counts in memory and writes once for many calls, so that a call costs no write. A process that crashes loses the calls of
 * its last seconds. Replicas add to the same figures.
 */
export function openCallCounter(database: Database, log: Log): CallCounter {
  let held: HeldCalls[] = [];
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    const counted = held;
    held = [];
    timer = null;
    for (const { tenantId, sourceId: subject, at, count } of counted) {
      try {
        const figures = (["scim-call", "scim-call-hour"] as const).map((kind) => ({ kind, subject, count }));
        await forTenant(database, tenantId).counts.add(figures, at);
      } catch (error) {
        log.warn({ err: error }, "scim.calls_not_counted");
      }
    }
  }

  async function flush(): Promise<void> {
    writing = writing.then(write);
    await writing;
  }

  return {
    count(tenantId, sourceId) {
      const at = Math.floor(Date.now() / hourMs) * hourMs;
      const same = held.find(
        (one) => one.tenantId === tenantId && one.sourceId === sourceId && one.at === at,
      );
      if (same) same.count += 1;
      else held.push({ tenantId, sourceId, at, count: 1 });
      timer ??= setTimeout(flush, gatherMs).unref();
    },

    async close() {
      if (timer) clearTimeout(timer);
      await flush();
    },
  };
}
