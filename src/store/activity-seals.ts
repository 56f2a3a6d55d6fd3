import type { Database } from "./database.ts";
import { dayMs } from "./tenant/counts.ts";

/** The tenants with activity to seal or to remove, for the background work of src/trail/. */
export function activitySeals(database: Database, now: () => number = Date.now) {
  return {
    /** Reads the entries without a seal only, by a partial index. */
    async tenantsToSeal(): Promise<string[]> {
      const rows = await database.sql()("activity").whereNull("seal").distinct("tenant_id");
      return (rows as { tenant_id: string }[]).map((row) => row.tenant_id);
    },

    /** The tenants with entries from before the beginning of their retention period, and that time. */
    async tenantsWithOldActivity(): Promise<{ tenantId: string; before: number }[]> {
      const old = database
        .sql()("activity")
        .whereRaw("activity.tenant_id = tenants.id")
        .whereRaw("activity.at < ? - tenants.activity_days * ?", [now(), dayMs])
        .select("id");
      const rows: { id: string; activity_days: number }[] = await database
        .sql()("tenants")
        .whereExists(old)
        .select("id", "activity_days");
      // No period is shorter than a day. A longer reach, written into the database, would sign removals that are yet to come.
      const before = (days: number) => now() - Math.max(1, days) * dayMs;
      return rows.map(({ id, activity_days: days }) => ({ tenantId: id, before: before(days) }));
    },
  };
}
