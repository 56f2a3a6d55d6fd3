/**
 * The runner of the outbox: work that follows from a change and happens after it (docs/decisions/0052).
 *
 * Owns: handing due messages to their handlers, retries, giving up, and the stop. Every replica has a runner, and they share
 * the work by leases in the database. A message is handled at least once: a handler sends its id, so that the receiver can
 * drop a repetition. The order is not kept. events.ts, jobs.ts and recurring.ts are for product code. May import: the ground
 * floor, store and config.
 */
import type { Log } from "../log.ts";
import type { Database } from "../store/database.ts";
import { type Attempt, type ClaimedMessage, type Handler, outbox } from "../store/outbox.ts";
import type { OutboxKind } from "../store/tenant/outbox.ts";

export interface Runner {
  /** Looks for due messages every second. */
  start(): void;
  /** Works until no message is due, and resolves with their number. */
  runDue(): Promise<number>;
  /** Claims no more messages. Resolves when the running ones have ended. */
  stop(): Promise<void>;
}

/** Work that waits in a table of its own. */
export interface WorkSource {
  /** The most pieces that run at a time in one process. Without it, the source may have all places of the runner. */
  readonly maxRunning?: number;
  /**
   * Claims pieces of work until the lease ends, and returns them. Each does not reject, and ends well before, or renews its
   * lease.
   */
  claim(limit: number, leaseMs: number): Promise<readonly (() => Promise<void>)[]>;
}

export interface RunnerDeps {
  database: Database;
  log: Log;
  handlers: Record<OutboxKind, Handler>;
  /** In addition to the outbox. */
  sources?: readonly WorkSource[];
  /** Counts the end of each attempt. */
  onAttempt?: (kind: OutboxKind, state: Attempt["state"]) => void;
  now?: () => number;
}

const everyMs = 1_000;
/** If a process dies, another one repeats its messages after this time. */
export const leaseMs = 20_000;
/** Pieces of work at a time in one process. */
const maxRunning = 8;
/** The wait after the first failure. It doubles with each further one, until it is an hour. */
const firstRetryMs = 10_000;
const maxRetryMs = 3_600_000;
/** A message whose next attempt would be later than this after the first one was due is given up. */
export const giveUpMs = 24 * 3_600_000;

/** Opens the runner of this process. Its timer does not keep the process alive. */
export function openRunner(deps: RunnerDeps): Runner {
  const { log } = deps;
  const sources = [outboxSource(deps), ...(deps.sources ?? [])];
  const running = new Map<Promise<void>, WorkSource>();
  let timer: NodeJS.Timeout | null = null;
  let filling: Promise<number> | null = null;
  let isStopped = false;

  function begin(source: WorkSource, work: () => Promise<void>): void {
    const done = work().finally(() => running.delete(done));
    running.set(done, source);
  }

  function freePlaces(source: WorkSource): number {
    const own = [...running.values()].filter((one) => one === source).length;
    return Math.min(maxRunning - running.size, (source.maxRunning ?? maxRunning) - own);
  }

  /** Begins what is due, as far as there are places. The sources take turns to be first. */
  async function claim(): Promise<number> {
    let count = 0;
    for (const source of sources) {
      const places = freePlaces(source);
      if (places <= 0) continue;
      const claimed = await source.claim(places, leaseMs);
      for (const work of claimed) begin(source, work);
      count += claimed.length;
    }
    sources.push(...sources.splice(0, 1));
    return count;
  }

  async function fill(): Promise<number> {
    let count = 0;
    while (!isStopped) {
      const claimed = await claim();
      count += claimed;
      if (claimed === 0) break;
      if (running.size >= maxRunning) await Promise.race(running.keys());
    }
    return count;
  }

  /** One at a time. */
  function fillOnce(): Promise<number> {
    filling ??= fill().finally(() => {
      filling = null;
    });
    return filling;
  }

  return {
    start() {
      timer = setInterval(() => {
        fillOnce().catch((error: unknown) => log.warn({ err: error }, "outbox.not_read"));
      }, everyMs).unref();
    },

    async runDue() {
      let count = 0;
      // Work that waits for a place of its source is still due when the running work has ended.
      for (let begun = await fillOnce(); begun > 0; begun = await fillOnce()) {
        count += begun;
        await Promise.all(running.keys());
      }
      await Promise.all(running.keys());
      return count;
    },

    async stop() {
      isStopped = true;
      if (timer) clearInterval(timer);
      await filling?.catch(() => undefined);
      await Promise.all(running.keys());
    },
  };
}

/** The messages of the outbox. */
function outboxSource(deps: RunnerDeps): WorkSource {
  const messages = outbox(deps.database, deps.now);
  return {
    async claim(limit, leaseMs) {
      return (await messages.claim(limit, leaseMs)).map((message) => async () => {
        await attempt(deps, message).catch((error: unknown) =>
          deps.log.warn({ err: error, messageId: message.id }, "outbox.not_settled"),
        );
      });
    },
  };
}

/** Makes one attempt and writes down how it ended. */
async function attempt(
  { database, log, handlers, onAttempt, now = Date.now }: RunnerDeps,
  message: ClaimedMessage,
): Promise<void> {
  const messages = outbox(database, now);
  const end = await handlers[message.kind](message).catch((error: unknown): Attempt => {
    log.error({ err: error, messageId: message.id }, "outbox.handler_failed");
    return { state: "retry", answer: "internal error", retryAfterMs: null };
  });
  const wait = end.state === "retry" ? Math.ceil(end.retryAfterMs ?? 0) : 0;
  const until = now() + Math.max(backoffMs(message.attempts), wait);
  const isTooLate = end.state === "retry" && until > message.firstDueAt + giveUpMs;
  const state = isTooLate ? "given-up" : end.state;
  const fields = { tenantId: message.tenantId, messageId: message.id, attempt: message.attempts };
  log.info({ ...fields, kind: message.kind, state, answer: end.answer }, "outbox.attempted");
  onAttempt?.(message.kind, state);
  if (state === "retry") await messages.postpone(message, until, end.answer);
  else await messages.settle(message, state, end.answer);
}

/** Grows exponentially, and varies by half, so that the messages of an outage do not come all at once. */
export function backoffMs(attempts: number): number {
  const longest = Math.min(maxRetryMs, firstRetryMs * 2 ** (attempts - 1));
  return Math.round(longest * (0.5 + Math.random() / 2));
}
