import type { Database } from "../../src/store/database.ts";
import { forTenant } from "../../src/store/tenant-store.ts";

const after = { createdAt: 5, id: "x" };

/** The queries of the task lists, for test/store/plans.test.ts. */
export const taskQuestions: Record<string, (database: Database, tenantId: string) => Promise<unknown>> = {
  "all tasks, further on": (database, tenantId) =>
    forTenant(database, tenantId).tasks.list({ state: "any", assignee: "anyone" }, 50, after),
  "open tasks, further on": (database, tenantId) =>
    forTenant(database, tenantId).tasks.list({ state: "open", assignee: "anyone" }, 50, after),
  "done tasks": (database, tenantId) =>
    forTenant(database, tenantId).tasks.list({ state: "done", assignee: "anyone" }, 50, after),
  "tasks of a person": (database, tenantId) =>
    forTenant(database, tenantId).tasks.list({ state: "open", assignee: "x" }, 50, after),
  "tasks without an assignee": (database, tenantId) =>
    forTenant(database, tenantId).tasks.list({ state: "open", assignee: "unassigned" }, 50, after),
};
