import type { Database } from "./database.ts";
import { tenantCounts } from "./tenant/counts.ts";
import { factsIn, type NewOutboxMessage, type OutboxRow, type OutboxState } from "./tenant/outbox.ts";
import { tenantScope } from "./tenant/scope.ts";

/** A message that this process works on until its lease expires. */
export interface ClaimedMessage extends Omit<NewOutboxMessage, "notBefore"> {
  tenantId: string;
  id: string;
  createdAt: number;
  /** When its first attempt was due. */
  firstDueAt: number;
  /** Which attempt this is, from 1. It also tells this claim from a later one. */
  attempts: number;
}

/** How an attempt ended, and the answer in a few words for the console. */
export type Attempt =
  | { state: "sent" | "refused" | "given-up"; answer: string }
  /** `retryAfterMs`: the time that the receiver asks for; null if it names none. */
  | { state: "retry"; answer: string; retryAfterMs: number | null };

/** Does the work of a message. It must end well before the lease does (src/outbox/runner.ts). */
export type Handler = (message: ClaimedMessage) => Promise<Attempt>;

const columns = [
  "tenant_id",
  "id",
  "kind",
  "connection_id",
  "user_id",
  "facts",
  "created_at",
  "not_before",
  "due_at",
  "attempts",
];

/**
 * The outboxes of all tenants, for the processes that do the work (docs/decisions/0052). A message is due at a time, and a
 * claim moves that time to the end of a lease: if the process dies, the message becomes due again by itself.
 */
export function outbox(database: Database, now: () => number = Date.now) {
  const ofClaim = ({ tenantId, id, attempts }: ClaimedMessage, joined = database) =>
    joined.sql()("outbox").where({ tenant_id: tenantId, id, attempts, state: "waiting" });

  return {
    /** Claims the messages that are due for the longest time. Of several processes, one gets each. */
    async claim(limit: number, leaseMs: number): Promise<ClaimedMessage[]> {
      const at = now();
      const due: OutboxRow[] = await database
        .sql()("outbox")
        .where("due_at", "<=", at)
        .orderBy("due_at")
        .limit(limit)
        .select(columns);
      const claimed: ClaimedMessage[] = [];
      for (const { tenant_id, id, due_at, attempts, ...row } of due) {
        const seen = { tenant_id, id, due_at, attempts };
        const lease = { due_at: at + leaseMs, attempts: attempts + 1 };
        // Another process may have been faster: then the row is no longer as it was seen.
        if ((await database.sql()("outbox").where(seen).update(lease)) === 0) continue;
        claimed.push({
          tenantId: tenant_id,
          id,
          kind: row.kind,
          connectionId: row.connection_id,
          userId: row.user_id,
          facts: factsIn(row),
          createdAt: row.created_at,
          firstDueAt: Math.max(row.created_at, row.not_before ?? 0),
          attempts: attempts + 1,
        });
      }
      return claimed;
    },

    /** Ends a message for good, and counts it. Does nothing if its lease expired and another process claimed it. */
    async settle(
      message: ClaimedMessage,
      state: Exclude<OutboxState, "waiting">,
      answer: string,
    ): Promise<void> {
      await database.transaction(async (joined) => {
        const settled = { state, answer, due_at: null, settled_at: now() };
        if ((await ofClaim(message, joined).update(settled)) === 0) return;
        const kind = state === "sent" ? "message-sent" : "message-failed";
        const counts = tenantCounts(tenantScope(joined, message.tenantId), now);
        await counts.add([{ kind, subject: message.connectionId ?? "", count: 1 }]);
      });
    },

    /** Ends a claim without success, until a time. The receiver's other messages wait as long: it may be down. */
    async postpone(message: ClaimedMessage, until: number, answer: string): Promise<void> {
      await ofClaim(message).update({ due_at: until, answer });
      const { tenantId: tenant_id, connectionId: connection_id, kind } = message;
      if (connection_id === null) return;
      await database
        .sql()("outbox")
        .where({ tenant_id, connection_id, kind })
        .where("due_at", "<", until)
        .update({ due_at: until });
    },

    /** When the first message is or was due, in ms since the epoch; null if none waits. */
    async firstDue(): Promise<number | null> {
      const row: { due_at: number } | undefined = await database
        .sql()("outbox")
        .whereNotNull("due_at")
        .orderBy("due_at")
        .first("due_at");
      return row?.due_at ?? null;
    },

    /** Removes messages that were settled before a time. */
    async removeSettled(before: number): Promise<void> {
      await database.sql()("outbox").where("settled_at", "<", before).delete();
    },
  };
}
