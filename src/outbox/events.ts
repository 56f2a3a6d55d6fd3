import type { subscriptions } from "../../config/events.ts";
import type { ProductEvent } from "../events.ts";
import type { Database } from "../store/database.ts";
import type { Handler } from "../store/outbox.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";

/** An event on its way to its handler. */
export interface EventCall<Event extends ProductEvent = ProductEvent> {
  /** Of the event's tenant. */
  store: TenantStore;
  event: Event;
  /** The same in each attempt: the key by which a repetition is recognized. */
  messageId: string;
  /** When it happened, in ms since the epoch. */
  at: number;
}

type Part = keyof typeof subscriptions;
type EventOf<P extends Part> = Extract<ProductEvent, { name: (typeof subscriptions)[P][number] }>;

/**
 * The handler of each part in config/events.ts. It is called at least once, in any order, and again if it throws: doing the
 * work twice must give what doing it once gives. It must end within 20 seconds (runner.ts).
 */
export type EventHandlers = { readonly [P in Part]: (call: EventCall<EventOf<P>>) => Promise<void> };

/** Hands the events of the outbox to the product's handlers. */
export function eventHandler(
  database: Database,
  handlers: Readonly<Record<string, (call: EventCall<never>) => Promise<void>>>,
): Handler {
  return async ({ tenantId, id, facts, createdAt }) => {
    const { part, event } = facts as { part: string; event: ProductEvent };
    const handle = handlers[part] as ((call: EventCall) => Promise<void>) | undefined;
    // During a deployment, a newer replica may know it.
    if (!handle) return { state: "retry", answer: `no handler ${part}`, retryAfterMs: null };
    await handle({ store: forTenant(database, tenantId), event, messageId: id, at: createdAt });
    return { state: "sent", answer: "done" };
  };
}
