import type { Database } from "../store/database.ts";
import { migrate, rollBackAll } from "../store/migrate.ts";
import { systemStore } from "../store/system-store.ts";
import { demoTenants } from "./cast.ts";

/**
 * Empties a database of the demo, migrated before and after. Throws, and leaves it as it is, when it has tenants and none
 * of them is the demo's: an address was mistaken, and what is there is somebody's.
 */
export async function emptied(database: Database): Promise<void> {
  const tenants = await systemStore(database).tenants.list();
  if (tenants.length > 0 && !tenants.some(({ slug }) => demoTenants.some((one) => one.slug === slug)))
    throw new Error(
      "The database has tenants, and none of the demo's. It is left as it is: see DEMO_DATABASE_URL.",
    );
  await rollBackAll(database);
  await migrate(database);
}
