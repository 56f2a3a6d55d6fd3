import { rmSync } from "node:fs";
import type { DemoEnvironment } from "./environment.ts";
import { demoPaths } from "./paths.ts";

/**
 * `npm run admin -- demo reset`: a demo that runs resets itself, with the org beside it; otherwise its data are removed,
 * and its next start fills it again.
 */
export async function resetOnly(environment: DemoEnvironment): Promise<void> {
  if (await resetRunning(environment)) return;
  // Loaded only here: the demo that runs does without the database's libraries in this process.
  const { openDatabase } = await import("../store/database.ts");
  const { migrate } = await import("../store/migrate.ts");
  const { emptied } = await import("./emptied.ts");
  const database = openDatabase(environment.DATABASE_URL);
  try {
    await migrate(database);
    await emptied(database);
  } finally {
    await database.close();
  }
  if (environment.ORG_FILE) rmSync(environment.ORG_FILE, { force: true });
}

/** Whether a demo runs; it is as new then. Throws when it could not reset itself. */
async function resetRunning({ BASE_URL, PORT, DEMO_CONTROL_SECRET }: DemoEnvironment): Promise<boolean> {
  const headers = { authorization: `Bearer ${DEMO_CONTROL_SECRET}`, origin: BASE_URL };
  const answer = await fetch(`http://127.0.0.1:${PORT}${demoPaths.reset}`, {
    ...{ method: "POST", headers, redirect: "manual" },
  }).catch(() => null);
  if (answer === null) return false;
  if (answer.status !== 204)
    throw new Error(`What runs at port ${PORT} is not this demo, or could not be reset.`);
  return true;
}
