import type { ProductEvent } from "../../events.ts";
import { tenantOutbox } from "./outbox.ts";
import type { TenantScope } from "./scope.ts";

/** The events of one tenant for product code. The outbox keeps them until their handlers are done. */
export function tenantEvents(scope: TenantScope, now: () => number) {
  return {
    /**
     * Adds an event to the outbox, once for each part of the product that handles it. Call it in the transaction of the
     * change. It costs no statement if no part does.
     */
    async tell(event: ProductEvent): Promise<void> {
      const parts = scope.partsFor(event.name);
      if (parts.length === 0) return;
      // A message with a person disappears with them, but this one may tell of their deletion.
      const message = { kind: "event", connectionId: null, userId: null } as const;
      await tenantOutbox(scope, now).add(parts.map((part) => ({ ...message, facts: { part, event } })));
    },
  };
}
