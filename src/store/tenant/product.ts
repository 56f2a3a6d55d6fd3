/** The tables of your product. Edit this list, and not ../tenant-store.ts, which changes with each version of the starter. */
import type { TenantScope } from "./scope.ts";
import { tenantTasks } from "./tasks.ts"; // sample domain

export const productTables = {
  tasks: tenantTasks, // sample domain
} satisfies Record<string, (scope: TenantScope, now: () => number) => object>;
