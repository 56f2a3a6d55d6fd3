import { rmSync } from "node:fs";
import { InvalidError } from "../errors.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { dropTables, migrate, rollBackAll, slugsOf, UnknownMigrationsError } from "../store/migrate.ts";
import type { DemoEnvironment } from "./environment.ts";
import { demoTenants } from "./tenants.ts";

/**
 * Empties the demo's database and migrates it anew, also if other code migrated it before, such as that of another branch.
 * Throws InvalidError if it holds tenants but none of the demo's: then DEMO_DATABASE_URL names another database, whose data
 * must stay.
 */
export async function emptyDatabase(database: Database): Promise<void> {
  const slugs = await slugsOf(database);
  const isDemo = slugs.some((slug) => demoTenants.some((one) => one.slug === slug));
  if (slugs.length > 0 && !isDemo)
    throw new InvalidError(
      "The database has tenants, and none of the demo's. It is left as it is: see DEMO_DATABASE_URL.",
    );
  try {
    await migrate(database);
    await rollBackAll(database);
  } catch (error) {
    if (!(error instanceof UnknownMigrationsError && isDemo)) throw error;
    await dropTables(database);
  }
  await migrate(database);
}

/** Removes the data of a demo that is not running; its next start fills it again. */
export async function resetStoppedDemo(environment: DemoEnvironment): Promise<void> {
  const { DATABASE_URL, ORG_FILE, ORG_SEED, AGENT_FILE } = environment;
  const database = openDatabase(DATABASE_URL);
  try {
    await emptyDatabase(database);
  } finally {
    await database.close();
  }
  for (const file of [ORG_FILE, ORG_SEED, AGENT_FILE]) if (file) rmSync(file, { force: true });
}
