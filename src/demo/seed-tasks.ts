import { randomUUID } from "node:crypto";
import type { TenantStore } from "../store/tenant-store.ts";
import { type DemoTenant, loginOf } from "./tenants.ts";

/** The sample product's part of the seed: tasks by tenant, each with the name of its assignee. */
const demoTasks: Record<string, { title: string; assignee: string | null }[]> = {
  acme: [
    { title: "Order the next batch of nose cones", assignee: "Grace Hopper" },
    { title: "Review the launch checklist", assignee: "Ada Lovelace" },
    { title: "Calibrate the second stage", assignee: "Katherine Johnson" },
    { title: "Find a name for the new rocket", assignee: null },
  ],
  globex: [
    { title: "Repot the lemon trees", assignee: "Barbara Liskov" },
    { title: "Plan the spring sowing", assignee: "Radia Perlman" },
  ],
};

export async function seedTasks(store: TenantStore, tenant: DemoTenant): Promise<void> {
  for (const { title, assignee } of demoTasks[tenant.slug] ?? []) {
    const user = assignee && (await store.users.byLoginName(loginOf(assignee, tenant)));
    const id = randomUUID();
    await store.tasks.create(id, title);
    await store.tasks.assign(id, user ? user.id : null);
  }
}
