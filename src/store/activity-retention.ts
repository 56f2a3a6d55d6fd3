import type { Database } from "./database.ts";

const dayMs = 86_400_000;
/** So many entries go in one statement: whoever works meanwhile waits for no more. */
const chunk = 500;

/** Forgets the activity of each tenant that is older than the tenant keeps it. */
export async function removeOldActivity(database: Database, now: () => number = Date.now): Promise<void> {
  const old = "activity.at < ? - tenants.activity_days * ?";
  const tenants: { id: string; activity_days: number }[] = await database
    .sql()("tenants")
    .whereExists(
      database
        .sql()("activity")
        .whereRaw(`activity.tenant_id = tenants.id and ${old}`, [now(), dayMs])
        .select("id"),
    )
    .select("id", "activity_days");
  for (const { id, activity_days: days } of tenants) {
    while (await removeSome(database, id, now() - days * dayMs));
  }
}

/** Returns whether there was something to remove. */
async function removeSome(database: Database, tenantId: string, before: number): Promise<boolean> {
  const oldest = database.sql()("activity").where("tenant_id", tenantId).where("at", "<", before);
  const some = oldest.orderBy("at").limit(chunk).select("id");
  return (await database.sql()("activity").where("tenant_id", tenantId).whereIn("id", some).delete()) > 0;
}
