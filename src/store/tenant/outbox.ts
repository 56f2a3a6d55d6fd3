import { randomUUID } from "node:crypto";
import type { TenantScope } from "./scope.ts";

/** The kinds of work in the outbox. Each has a handler in src/serve.ts. */
export type OutboxKind = "shared-signal" | "mail" | "event" | "job";

/**
 * `waiting`: for its first attempt or the next one. The others are final. `sent`: done. `refused`: the receiver does not want
 * it. `given-up`: it was tried for too long, or nothing needs it any more.
 */
export type OutboxState = "waiting" | "sent" | "refused" | "given-up";

/** Work that follows from a change. Add it in the transaction of the change, so that neither exists alone. */
export interface NewOutboxMessage {
  kind: OutboxKind;
  /** The receiver; with the connection, its messages disappear. Null for other receivers. */
  connectionId: string | null;
  /** The person concerned; with the person, messages about them disappear. */
  userId: string | null;
  /** For the handler. It has no personal data: the handler reads that when it needs it. */
  facts: object;
  /** When it may be done first, in ms since the epoch; absent if at once. */
  notBefore?: number;
}

/** A message as the console lists it. */
export interface OutboxMessage extends NewOutboxMessage {
  id: string;
  state: OutboxState;
  createdAt: number;
  /** When the next attempt is due; null if there is none. */
  dueAt: number | null;
  attempts: number;
  /** The last answer in a few words: "202", "400 invalid_key". Null before the first attempt. */
  answer: string | null;
  settledAt: number | null;
  /** The person's login name. */
  loginName: string | null;
}

/** The columns of a message. */
export interface OutboxRow {
  tenant_id: string;
  id: string;
  kind: OutboxKind;
  connection_id: string | null;
  user_id: string | null;
  /** PostgreSQL's driver parses JSON; SQLite has text. */
  facts: string | object;
  created_at: number;
  not_before: number | null;
  due_at: number | null;
  attempts: number;
  state: OutboxState;
  answer: string | null;
  settled_at: number | null;
}

export function factsIn({ facts }: Pick<OutboxRow, "facts">): object {
  return typeof facts === "string" ? (JSON.parse(facts) as object) : facts;
}

/** The outbox of one tenant. ../outbox.ts hands its messages to the processes that do the work. */
export function tenantOutbox(scope: TenantScope, now: () => number) {
  return {
    /** Adds messages. */
    async add(messages: readonly NewOutboxMessage[]): Promise<void> {
      const at = now();
      const rows = messages.map(({ kind, connectionId, userId, facts, notBefore }) => ({
        id: randomUUID(),
        kind,
        connection_id: connectionId,
        user_id: userId,
        facts: JSON.stringify(facts),
        created_at: at,
        not_before: notBefore ?? null,
        due_at: Math.max(at, notBefore ?? at),
        attempts: 0,
        state: "waiting",
      }));
      await scope.insertMany("outbox", rows);
    },

    /** The latest messages to a connection, newest first. */
    async ofConnection(connectionId: string, limit: number): Promise<OutboxMessage[]> {
      const query = scope.rows("outbox").where("outbox.connection_id", connectionId);
      const rows = (await scope
        .leftJoin(query, "users", "id", "outbox.user_id")
        .orderBy("outbox.created_at", "desc")
        .limit(limit)
        .select("outbox.*", "users.login_name")) as (OutboxRow & { login_name: string | null })[];
      return rows.map((row) => ({
        id: row.id,
        kind: row.kind,
        connectionId: row.connection_id,
        userId: row.user_id,
        facts: factsIn(row),
        state: row.state,
        createdAt: row.created_at,
        dueAt: row.due_at,
        attempts: row.attempts,
        answer: row.answer,
        settledAt: row.settled_at,
        loginName: row.login_name,
      }));
    },
  };
}
