/**
 * A process that writes as fast as it can, or with a pause after each write. For tests that kill it:
 * `endless-writer.ts <database url> <tenant id> <how many> <how many at once> <pause in ms>`.
 */
import { randomUUID } from "node:crypto";
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { openDatabase } from "../../src/store/database.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { newUser } from "./people.ts";

const [url = "", tenantId = "", count = "", atOnce = count, pauseMs = "0"] = process.argv.slice(2);
const { users } = forTenant(openDatabase(url), tenantId);
let left = Number(count);

/** Prints a user's id after the store acknowledged it. Synchronous, so that no output is lost in the kill. */
async function writeOne(): Promise<void> {
  try {
    const { id } = await users.create(newUser(`${randomUUID()}@acme.example`));
    writeSync(1, `${id}\n`);
  } catch (error) {
    writeSync(2, `${(error as Error).message}\n`);
  }
}

async function writeOn(): Promise<void> {
  while (left-- > 0) {
    await writeOne();
    if (pauseMs !== "0") await sleep(Number(pauseMs));
  }
}

await Promise.all(Array.from({ length: Number(atOnce) }, writeOn));
