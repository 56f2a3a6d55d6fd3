import { rmSync } from "node:fs";
import { type Database, openDatabase } from "../store/database.ts";
import { migrate, rollBackAll } from "../store/migrate.ts";
import { systemStore } from "../store/system-store.ts";
import type { DemoEnvironment } from "./environment.ts";
import { demoTenants } from "./tenants.ts";

/**
 * Empties the demo's database and migrates it anew. Throws if it holds tenants but none of the demo's: then
 * DEMO_DATABASE_URL names another database, whose data must stay.
 */
export async function emptyDatabase(database: Database): Promise<void> {
  const tenants = await systemStore(database).tenants.list();
  if (tenants.length > 0 && !tenants.some(({ slug }) => demoTenants.some((one) => one.slug === slug)))
    throw new Error(
      "The database has tenants, and none of the demo's. It is left as it is: see DEMO_DATABASE_URL.",
    );
  await rollBackAll(database);
  await migrate(database);
}

/** Removes the data of a demo that is not running; its next start fills it again. */
export async function resetStoppedDemo(environment: DemoEnvironment): Promise<void> {
  const { DATABASE_URL, ORG_FILE, ORG_SEED, AGENT_FILE } = environment;
  const database = openDatabase(DATABASE_URL);
  try {
    await migrate(database);
    await emptyDatabase(database);
  } finally {
    await database.close();
  }
  for (const file of [ORG_FILE, ORG_SEED, AGENT_FILE]) if (file) rmSync(file, { force: true });
}
