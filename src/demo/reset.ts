import { rmSync } from "node:fs";
import { openDatabase } from "../store/database.ts";
import { migrate } from "../store/migrate.ts";
import { emptied } from "./emptied.ts";
import type { DemoEnvironment } from "./environment.ts";

/** Removes the data of a demo that does not run; its next start fills it again. */
export async function resetStopped({ DATABASE_URL, ORG_FILE, ORG_SEED }: DemoEnvironment): Promise<void> {
  const database = openDatabase(DATABASE_URL);
  try {
    await migrate(database);
    await emptied(database);
  } finally {
    await database.close();
  }
  for (const file of [ORG_FILE, ORG_SEED]) if (file) rmSync(file, { force: true });
}
