/**
 * Your product in the tests of other rooms: isolation, migrations, architecture, and the checks of every page. Add what you
 * add in src/product.ts.
 */
import type { User } from "../src/model.ts";
import type { TenantStore } from "../src/store/tenant-store.ts";
import type { PageCase } from "./helpers/every-page.ts";
import type { IsolationCases, TenantA } from "./helpers/isolation.ts";
import type { TestTenant } from "./helpers/people.ts";
import { taskCases } from "./tasks/isolation-cases.ts"; // sample domain
import { taskPages } from "./tasks/pages.ts"; // sample domain
import { people, type RouteGroup } from "./walls/callers.ts";

/** The rooms that each of yours may import: test/architecture.test.ts. */
export const productRooms: Record<string, readonly string[]> = {
  tasks: ["ground", "store", "web", "outbox"], // sample domain
};

/** The ids of your rows in tenant A, for the cases below. */
export interface ProductRows {
  taskId: string; // sample domain
}

/** Writes at least one row into each of your tables. */
export async function addProductRows(team: { store: TenantStore; user: User }): Promise<ProductRows> {
  const taskId = `task-of-${team.store.tenantId}`; // sample domain
  await team.store.tasks.create(taskId, "A's task"); // sample domain
  await team.store.tasks.assign(taskId, team.user.id); // sample product
  return {
    taskId, // sample domain
  };
}

/** One case for each method of your stores: test/store/isolation.test.ts. */
export const productCases = {
  ...taskCases, // sample domain
} satisfies Partial<IsolationCases>;

/** A row of each of your tables that refers to another: tenant B's row would refer to tenant A's. */
export const foreignProductRows: Record<string, (a: TenantA) => Record<string, unknown>> = {
  task_assignments: (a) => ({ task_id: a.taskId, user_id: a.userId }), // sample product
};

/** The callers that reach each of your routes: test/walls/routes.test.ts. */
export const productRouteGroups: readonly RouteGroup[] = [
  // sample product {
  {
    what: "the export of tasks, which needs an entitlement that no caller has",
    routes: ["GET /tasks/export.csv"],
    lets: [],
    others: (caller) => (people.includes(caller) ? "refused" : "sign-in"),
  },
  {
    what: "the same in the API",
    routes: ["GET /api/v1/tasks/export"],
    lets: [],
    others: "refused",
  },
  // sample product }
  { what: "the list of tasks", routes: ["* /tasks*"], lets: people, others: "sign-in" }, // sample domain
];

/** The columns whose values others choose, by table: test/walls/stored-script.test.ts. */
export const productTexts: Record<string, readonly string[]> = {
  tasks: ["title"], // sample domain
};

/** Your pages, with data: each is checked for markup, accessibility and width. */
export async function productPages(tenant: TestTenant, owner: User): Promise<PageCase[]> {
  return [
    ...(await taskPages(tenant, owner)), // sample domain
  ];
}
