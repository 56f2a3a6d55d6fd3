import type { Database } from "./database.ts";

/** Recorded messages across all tenants. */
export function recordings(database: Database, now: () => number = Date.now) {
  return {
    /** Ids of the tenants that are recording now: few, and found by an index. */
    async tenants(): Promise<string[]> {
      const recording = database.sql()("inspectors").where("recording_until", ">", now());
      return ((await recording.select("tenant_id")) as { tenant_id: string }[]).map((row) => row.tenant_id);
    },

    /** Removes messages recorded before a time. */
    async removeOlderThan(at: number): Promise<void> {
      for (const table of ["inspector_messages", "inspector_flow_keys"])
        await database.sql()(table).where("at", "<", at).delete();
    },
  };
}
