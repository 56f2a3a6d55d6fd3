/**
 * The inspector: records protocol messages, redacted, and shows them to the tenant's administrators.
 *
 * Owns: what is kept of a message (redaction.ts), how it gets into the database (this file), and the pages at
 * /admin/inspector. The protocol rooms do not know it: they call the recorder of src/recording.ts. Messages wait in
 * memory for a moment and are written in batches, beside the requests; when there are too many, some are dropped and
 * counted. May import: the ground floor, store and web.
 */
import type { Log } from "../log.ts";
import type { Message, Recorder } from "../recording.ts";
import type { Database } from "../store/database.ts";
import { recordings } from "../store/recordings.ts";
import type { NewMessage } from "../store/tenant/inspector.ts";
import { forTenant } from "../store/tenant-store.ts";
import { redact } from "./redaction.ts";

export interface Inspector extends Recorder {
  /** Writes what waits, and takes nothing more. */
  close(): Promise<void>;
}

/** How long it may take until a tenant's switch is noticed, in ms. */
export const noticeMs = 1_000;
/** How long a message waits for others at most, in ms. */
const gatherMs = 200;
/** How many messages may wait at once: about as many as a busy second brings. The rest is dropped, and counted. */
const mostWaiting = 1_000;
/** Rows in one statement: the database is free for others in between. */
const batchSize = 100;

interface Waiting {
  messages: NewMessage[];
  dropped: number;
}

/** Opens the recorder of this process. Nothing that it remembers is needed for a right answer. */
export function openInspector(database: Database, log: Log, now: () => number = Date.now): Inspector {
  const waiting = new Map<string, Waiting>();
  let count = 0;
  let recording = new Set<string>();
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();
  let closed = false;

  const isFresh = () => now() - askedAt < noticeMs;

  /** Asks whose inspector is on: one look for all tenants and all requests of the next second. */
  function ask(): Promise<void> {
    asking ??= recordings(database)
      .tenants()
      .then((ids) => {
        recording = new Set(ids);
      })
      .finally(() => {
        askedAt = now();
        asking = null;
      });
    return asking;
  }

  async function write(): Promise<void> {
    if (!isFresh()) await ask();
    const batches = [...waiting];
    waiting.clear();
    count = 0;
    for (const [tenantId, { messages, dropped }] of batches) {
      if (!recording.has(tenantId)) continue;
      const { inspector } = forTenant(database, tenantId);
      for (let start = 0; start < messages.length; start += batchSize) {
        await inspector.add(messages.slice(start, start + batchSize), start === 0 ? dropped : 0);
      }
    }
  }

  /** One writer at a time. What cannot be written is lost: it was only to be looked at. */
  function flush(): Promise<void> {
    timer = null;
    writing = writing
      .then(write)
      .catch((error: unknown) => log.warn({ err: error }, "inspector.write_failed"));
    return writing;
  }

  return {
    record(tenantId, describe) {
      // While it is not known whose inspector is on, messages wait for the answer; of most tenants it is a no.
      if (closed || (isFresh() && !recording.has(tenantId))) return;
      const line = waiting.get(tenantId) ?? { messages: [], dropped: 0 };
      waiting.set(tenantId, line);
      if (count < mostWaiting) keep(line, describe, now(), log);
      else line.dropped += 1;
      count += 1;
      timer ??= setTimeout(flush, isFresh() ? gatherMs : 0).unref();
    },

    async close() {
      closed = true;
      if (timer) clearTimeout(timer);
      await flush();
    },
  };
}

function keep(line: Waiting, describe: () => Message, at: number, log: Log): void {
  try {
    line.messages.push({ ...redact(describe()), at });
  } catch (error) {
    line.dropped += 1;
    log.warn({ err: error }, "inspector.message_not_understood");
  }
}
