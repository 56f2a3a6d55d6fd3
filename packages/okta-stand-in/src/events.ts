import { randomUUID } from "node:crypto";

/** An entry of the System Log that is not a call to an application. */
interface OrgEvent {
  id: string;
  at: number;
  /** Okta's event type: `app.oauth2.token.grant.id_jag`. */
  type: string;
  /** A sentence about what happened. */
  what: string;
  /** Why the org refused it; null if it succeeded. */
  refusal: string | null;
  /** Never a token or a secret. */
  details: Record<string, unknown>;
}

/** The events of the org. */
export interface EventLog {
  add(event: Pick<OrgEvent, "type" | "what"> & Partial<OrgEvent>): void;
  /** Newest first. */
  latest(limit: number): OrgEvent[];
  byId(id: string): OrgEvent | undefined;
  clear(): void;
}

const kept = 1_000;

/** Keeps the last 1,000 events in memory. */
export function eventLog(): EventLog {
  let events: OrgEvent[] = [];
  return {
    add(event) {
      events.push({ id: randomUUID(), at: Date.now(), refusal: null, details: {}, ...event });
      if (events.length > kept * 1.2) events = events.slice(-kept);
    },
    latest: (limit) => events.slice(-limit).reverse(),
    byId: (id) => events.find((event) => event.id === id),
    clear() {
      events = [];
    },
  };
}
