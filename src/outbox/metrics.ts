import { Counter, Gauge, type Metric } from "prom-client";
import type { Database } from "../store/database.ts";
import { type Attempt, outbox } from "../store/outbox.ts";
import type { OutboxKind } from "../store/tenant/outbox.ts";

/** The runner's figures for Prometheus, and the function that counts the end of each attempt. */
export function outboxMetrics(database: Database): {
  metrics: Metric[];
  onAttempt: (kind: OutboxKind | "webhook", state: Attempt["state"]) => void;
} {
  const attempts = new Counter({
    name: "outbox_attempts_total",
    help: "Attempts of background work, by kind and by how they ended: messages of the outbox, and webhooks.",
    labelNames: ["kind", "state"],
    registers: [],
  });
  const overdue = new Gauge({
    name: "outbox_overdue_seconds",
    help: "For how long the first message has been due. It grows if no runner works.",
    registers: [],
    async collect() {
      const due = await outbox(database).firstDue();
      overdue.set(due === null ? 0 : Math.max(0, (Date.now() - due) / 1000));
    },
  });
  return { metrics: [attempts, overdue], onAttempt: (kind, state) => attempts.inc({ kind, state }) };
}
