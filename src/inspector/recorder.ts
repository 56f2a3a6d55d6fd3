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
import { type PreparedMessage, prepareMessage } from "../store/tenant/inspector.ts";
import { forTenant } from "../store/tenant-store.ts";
import { redact } from "./redaction.ts";

export interface Inspector extends Recorder {
  /** Writes what waits, and takes nothing more. */
  close(): Promise<void>;
}

/** How long it may take until a tenant's switch is noticed, in ms. */
export const noticeMs = 1_000;
/** How long a message waits for others at least, in ms. */
const gatherMs = 200;
/**
 * How long the database is left alone after a write, as a multiple of what that took: it gets a twentieth of its time,
 * unless it is so slow that the next limit holds.
 */
const rest = 19;
/** The longest that it is left alone, in ms: who looks at a slow database's inspector wants to see what happens now. */
const longestRestMs = 3_000;
/** How many messages may wait at once: about as many as a busy second brings. The rest is dropped, and counted. */
const mostWaiting = 1_000;
/**
 * How many messages are described at once. One by itself, between two requests, costs several times as much: the
 * processor has to fetch all that it takes (docs/decisions/0031). Until then what they are made of stays in memory.
 */
const together = 25;
/** Rows in one statement: the database is free for others in between. */
const batchSize = 250;

interface Waiting {
  messages: PreparedMessage[];
  dropped: number;
}

/** A message that is not described yet. */
interface Fresh {
  tenantId: string;
  /** Null when too many wait already: it is only counted. */
  describe: (() => Message) | null;
  at: number;
}

/** Opens the recorder of this process. Nothing that it remembers is needed for a right answer. */
export function openInspector(database: Database, log: Log): Inspector {
  const recording = recordingTenants(database);
  const waiting = new Map<string, Waiting>();
  let fresh: Fresh[] = [];
  let count = 0;
  let timer: NodeJS.Timeout | null = null;
  let restUntil = 0;
  let writing: Promise<void> = Promise.resolve();
  let closed = false;

  function take({ tenantId, describe, at }: Fresh): void {
    if (!recording.has(tenantId)) return;
    const line = waiting.get(tenantId) ?? { messages: [], dropped: 0 };
    waiting.set(tenantId, line);
    if (describe && count < mostWaiting) keep(line, describe, at, log);
    else line.dropped += 1;
    count += 1;
  }

  function takeFresh(): void {
    const messages = fresh;
    fresh = [];
    messages.forEach(take);
    if (waiting.size > 0) schedule();
  }

  /** Messages that came while it was not known whose inspector is on wait for that, too: of most tenants it is off. */
  async function settle(): Promise<void> {
    try {
      await recording.refresh();
    } finally {
      takeFresh();
    }
  }

  async function write(): Promise<void> {
    await settle();
    const started = Date.now();
    const lines = [...waiting];
    waiting.clear();
    count = 0;
    for (const [tenantId, { messages, dropped }] of lines) {
      if (!recording.has(tenantId)) continue;
      const { inspector } = forTenant(database, tenantId);
      for (let start = 0; start < messages.length; start += batchSize) {
        await inspector.add(messages.slice(start, start + batchSize), start === 0 ? dropped : 0);
      }
    }
    restUntil = Date.now() + Math.min(longestRestMs, rest * (Date.now() - started));
  }

  const failed = (error: unknown) => log.warn({ err: error }, "inspector.write_failed");

  /** One writer at a time, and the next one a while after it. What cannot be written is lost: it was only to be looked at. */
  async function flush(): Promise<void> {
    writing = writing.then(write).catch(failed);
    await writing;
    timer = null;
    // What came while it was written, described or not.
    if (waiting.size > 0 || fresh.length > 0) schedule();
  }

  function schedule(): void {
    if (!closed) timer ??= setTimeout(flush, Math.max(gatherMs, restUntil - Date.now())).unref();
  }

  return {
    record(tenantId, describe) {
      if (closed) return;
      const isKnown = recording.isKnown();
      if (isKnown && !recording.has(tenantId)) return;
      fresh.push({ tenantId, describe: fresh.length < mostWaiting ? describe : null, at: Date.now() });
      if (!isKnown) settle().catch(failed);
      else if (fresh.length < together) schedule();
      else takeFresh();
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
    line.messages.push(prepareMessage(redact(describe()), at));
  } catch (error) {
    line.dropped += 1;
    log.warn({ err: error }, "inspector.message_not_understood");
  }
}

/** Whose inspector is on: one look for all tenants and all requests of the next second. */
function recordingTenants(database: Database) {
  let ids = new Set<string>();
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | null = null;
  const isKnown = () => Date.now() - askedAt < noticeMs;

  async function ask(): Promise<void> {
    try {
      ids = new Set(await recordings(database).tenants());
    } finally {
      askedAt = Date.now();
      asking = null;
    }
  }

  return {
    isKnown,
    has: (tenantId: string) => ids.has(tenantId),
    async refresh(): Promise<void> {
      if (isKnown()) return;
      asking ??= ask();
      await asking;
    },
  };
}
