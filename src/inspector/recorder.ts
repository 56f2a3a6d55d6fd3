/**
 * The inspector: records protocol messages without their secrets, and shows them to the tenant's administrators.
 *
 * Owns the descriptions of messages (describe/), redaction (redaction.ts), the way of a message into the database (this
 * file), and the pages at /admin/inspector. No request waits for the recorder, and its memory is bounded: messages are
 * queued, written in batches, and dropped and counted when too many arrive.
 *
 * May import: the ground floor, store, web, config and sso, and the policies and types of the protocol rooms.
 */
import type { Log } from "../log.ts";
import type { Recorder } from "../recording.ts";
import type { Database } from "../store/database.ts";
import { recordings } from "../store/recordings.ts";
import { type PreparedMessage, prepareMessage } from "../store/tenant/inspector.ts";
import { forTenant } from "../store/tenant-store.ts";
import { redact } from "./redaction.ts";

export interface Inspector extends Recorder {
  /** Writes the queued messages and accepts no more. */
  close(): Promise<void>;
}

/** The recorder notices within this time, in ms, that a tenant switched its inspector on or off. */
export const noticeMs = 1_000;
/** A message waits at least this long, in ms, so that others can join it. */
const gatherMs = 200;
/** After a write the recorder rests this many times as long as the write took: it uses 5 % of the database's time. */
const restFactor = 19;
/** The longest rest, in ms, so that messages still appear soon when the database is slow. */
const maxRestMs = 3_000;
/** The queue's limit: about the messages of one busy second. */
const maxQueued = 1_000;
/**
 * Messages to describe in one go. Describing each one between two requests would cost several times as much, because its
 * code and data would no longer be in the processor's caches (docs/decisions/0031).
 */
const describeTogether = 25;
/** Rows per INSERT; between two of them other statements can run. */
const rowsPerStatement = 250;

/** A message that was recorded but not described yet. */
interface HeldMessage {
  tenantId: string;
  /** Null if too many messages are held already: this one is only counted. */
  describe: Parameters<Recorder["record"]>[1] | null;
  /** In ms since the epoch. */
  at: number;
}

/** The described messages of one tenant, and how many were dropped. */
interface TenantQueue {
  messages: PreparedMessage[];
  dropped: number;
}

/** Opens the recorder of this process. Replicas do not need to know of each other's recorders. */
export function openInspector(database: Database, log: Log): Inspector {
  const recording = recordingTenants(database);
  const queue = messageQueue(log);
  let held: HeldMessage[] = [];
  let timer: NodeJS.Timeout | null = null;
  let restUntil = 0;
  let writing: Promise<void> = Promise.resolve();
  let closed = false;

  /** Moves the held messages of recording tenants to the queue, and forgets the others. */
  function describeHeld(): void {
    const messages = held;
    held = [];
    for (const message of messages) if (recording.has(message.tenantId)) queue.add(message);
    if (!queue.isEmpty()) scheduleWrite();
  }

  async function refreshAndDescribe(): Promise<void> {
    try {
      await recording.refresh();
    } finally {
      describeHeld();
    }
  }

  async function writeQueue(): Promise<void> {
    await refreshAndDescribe();
    const started = Date.now();
    for (const [tenantId, { messages, dropped }] of queue.takeAll()) {
      if (!recording.has(tenantId)) continue;
      const { inspector } = forTenant(database, tenantId);
      for (let start = 0; start < messages.length; start += rowsPerStatement) {
        await inspector.add(messages.slice(start, start + rowsPerStatement), start === 0 ? dropped : 0);
      }
    }
    restUntil = Date.now() + Math.min(maxRestMs, restFactor * (Date.now() - started));
  }

  /** Messages are lost if a write fails: they are for looking at, not for proof. */
  const logFailure = (error: unknown) => log.warn({ err: error }, "inspector.write_failed");

  /** One write at a time. */
  async function flush(): Promise<void> {
    writing = writing.then(writeQueue).catch(logFailure);
    await writing;
    timer = null;
    // Messages that arrived during the write.
    if (!queue.isEmpty() || held.length > 0) scheduleWrite();
  }

  function scheduleWrite(): void {
    if (!closed) timer ??= setTimeout(flush, Math.max(gatherMs, restUntil - Date.now())).unref();
  }

  return {
    record(tenantId, describe) {
      if (closed) return;
      const isKnown = recording.isKnown();
      if (isKnown && !recording.has(tenantId)) return;
      held.push({ tenantId, describe: held.length < maxQueued ? describe : null, at: Date.now() });
      if (!isKnown) refreshAndDescribe().catch(logFailure);
      else if (held.length < describeTogether) scheduleWrite();
      else describeHeld();
    },

    async close() {
      closed = true;
      if (timer) clearTimeout(timer);
      await flush();
    },
  };
}

/** Described and redacted messages, by tenant. It keeps at most `maxQueued` and counts the rest. */
function messageQueue(log: Log) {
  let queues = new Map<string, TenantQueue>();
  let size = 0;

  function queueOf(tenantId: string): TenantQueue {
    const queue = queues.get(tenantId) ?? { messages: [], dropped: 0 };
    queues.set(tenantId, queue);
    return queue;
  }

  return {
    isEmpty: () => queues.size === 0,

    add({ tenantId, describe, at }: HeldMessage): void {
      const queue = queueOf(tenantId);
      if (!describe || size >= maxQueued) {
        queue.dropped += 1;
        return;
      }
      try {
        const messages = [describe()].flat().map((message) => prepareMessage(redact(message), at));
        queue.messages.push(...messages);
        size += messages.length;
      } catch (error) {
        queue.dropped += 1;
        log.warn({ err: error }, "inspector.message_not_understood");
      }
    },

    takeAll(): Map<string, TenantQueue> {
      const taken = queues;
      queues = new Map();
      size = 0;
      return taken;
    },
  };
}

/** The tenants whose inspector is on: one query for all tenants, at most once in `noticeMs`. */
function recordingTenants(database: Database) {
  let ids = new Set<string>();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | null = null;
  const isKnown = () => Date.now() - readAt < noticeMs;

  async function read(): Promise<void> {
    try {
      ids = new Set(await recordings(database).tenants());
    } finally {
      readAt = Date.now();
      reading = null;
    }
  }

  return {
    isKnown,
    has: (tenantId: string) => ids.has(tenantId),
    async refresh(): Promise<void> {
      if (isKnown()) return;
      reading ??= read();
      await reading;
    },
  };
}
