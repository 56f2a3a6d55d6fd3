import { randomUUID } from "node:crypto";
import { Router } from "express";
import { z } from "zod";
import { forTenant } from "../../src/store/tenant-store.ts";
import { actingOf } from "../../src/web/access-tokens.ts";
import { memberEntry } from "../../src/web/activity.ts";
import { validBody, validQuery } from "../../src/web/api-input.ts";
import type { ApiRouter } from "../../src/web/api-operation.ts";
import { mcpTool } from "../../src/web/mcp.ts";
import { requireEntitlement, requireRole } from "../../src/web/permissions.ts";

const newReport = z.strictObject({ title: z.string().trim().min(1).max(100), day: z.iso.date() });
const page = z.strictObject({ limit: z.coerce.number().int().min(1).max(100).default(50) });

/** For agents: the same entitlement as the route. */
export const reportTool = mcpTool({
  name: "count_reports",
  title: "Count reports",
  description: "Counts the done tasks.",
  scope: "tasks.read",
  entitlement: "task-export",
  input: z.strictObject({}),
  output: z.object({ count: z.number() }),
  annotations: { readOnlyHint: true },
  async handle({ store }) {
    return { count: (await store.tasks.list({ state: "done", assignee: "anyone" }, 100)).length };
  },
});

export const reportsApi: ApiRouter = {
  path: "/reports",
  scopes: { read: "tasks.read", write: "tasks.write" },
  routes({ database }) {
    const router = Router();

    router.get("/", async (req, res) => {
      const { limit } = validQuery(req, page);
      const store = forTenant(database, actingOf(req).tenant.id);
      res.json({ items: await store.tasks.list({ state: "done", assignee: "anyone" }, limit) });
    });

    router.post("/", requireEntitlement("task-export"), async (req, res) => {
      const { title } = validBody(req, newReport);
      const { tenant, user, agent } = actingOf(req);
      const id = randomUUID();
      await forTenant(database, tenant.id).transaction(async (store) => {
        await store.tasks.create(id, title, { userId: user.id, agent: agent?.name ?? null });
        const event = { kind: "tasks", action: "task.created", targetId: id } as const;
        await store.activity.record(memberEntry({ user, agent, requestId: req.id }, event));
      });
      res.status(201).json({ id });
    });

    router.delete("/", requireRole("admin"), (_req, res) => void res.status(204).end());

    return router;
  },
};
