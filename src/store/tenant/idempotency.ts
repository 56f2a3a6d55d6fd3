import { randomUUID } from "node:crypto";
import type { TenantScope } from "./scope.ts";

/** A key that a client chose for a request. Each caller has keys of its own. */
export interface IdempotencyKey {
  userId: string;
  /** The client ID of the agent that acts for the person, or the id of their API key; empty for their browser. */
  agent: string;
  key: string;
}

/** An answer to a request, to be given again. */
export interface StoredAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** The state of a key: it is now reserved for this request, or an earlier request has it. */
export type Reservation =
  | { reservation: string }
  | {
      reservation: null;
      /** Of the earlier request. */
      fingerprint: string;
      /** Null while the earlier request runs. */
      answer: StoredAnswer | null;
    };

const keptMs = 24 * 60 * 60_000;
/** A request that runs longer belongs to a process that died. */
const longestRunMs = 60_000;

/** The keys of one tenant's requests, and their answers. */
export function tenantIdempotency(scope: TenantScope, now: () => number) {
  const one = ({ userId, agent, key }: IdempotencyKey) =>
    scope.rows("idempotency_keys").where({ user_id: userId, agent, key });

  return {
    /** Reserves a key for a request, or returns what an earlier request made of it. */
    async reserve(key: IdempotencyKey, fingerprint: string): Promise<Reservation> {
      const at = now();
      await one(key)
        .where((either) =>
          either
            .where("expires_at", "<=", at)
            .orWhere((lost) => lost.whereNull("status").where("reserved_at", "<=", at - longestRunMs)),
        )
        .delete();
      const reservation = randomUUID();
      const { userId, ...rest } = key;
      const times = { reserved_at: at, expires_at: at + keptMs };
      const row = { user_id: userId, ...rest, fingerprint, reservation, ...times };
      await scope.insertMany("idempotency_keys", [row], "ignore-existing");
      const found = await one(key).first(["fingerprint", "reservation", "status", "headers", "body"]);
      if (found?.reservation === reservation) return { reservation };
      // The earlier request failed just now, and released the key.
      if (!found) return { reservation: null, fingerprint, answer: null };
      const { status, headers, body } = found;
      const answer = status === null ? null : { status, headers: JSON.parse(headers), body };
      return { reservation: null, fingerprint: found.fingerprint, answer };
    },

    /** Stores the answer, in the transaction of the request's effect. Returns false if the reservation is gone. */
    async complete(key: IdempotencyKey, reservation: string, answer: StoredAnswer): Promise<boolean> {
      const { status, headers, body } = answer;
      const row = { status, headers: JSON.stringify(headers), body };
      const changed = await one(key).where({ reservation }).whereNull("status").update(row);
      return (changed as number) > 0;
    },

    /** Frees the key of a request that failed, so that the client may repeat it. */
    async release(key: IdempotencyKey, reservation: string): Promise<void> {
      await one(key).where({ reservation }).whereNull("status").delete();
    },
  };
}
