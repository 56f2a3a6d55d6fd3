import type { Handler } from "../../src/store/outbox.ts";
import type { OutboxKind } from "../../src/store/tenant/outbox.ts";

/** The handlers of a runner in a test, which fails for a message of any other kind. */
export function handlersOf(given: Partial<Record<OutboxKind, Handler>>): Record<OutboxKind, Handler> {
  const other = () => Promise.reject(new Error("the test has no handler of this kind"));
  return { "shared-signal": other, mail: other, event: other, job: other, ...given };
}
