import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { demoPaths } from "../../../src/demo/tenants.ts";
import { createTestDatabase } from "../../../test/helpers/databases.ts";
import { Demo } from "../../../test/helpers/demo.ts";
import { atMost, type BenchRun } from "./run.ts";
import { median } from "./statistics.ts";

/** The times of one start and of the resets after it, in milliseconds. */
interface Times {
  start: number;
  page: number;
  commandLine: number;
}

/**
 * Starts `npm run demo` as in a fresh clone after the install, and measures until it says that it is ready; then both ways
 * to reset it. Each start has a new folder, a new database and an empty cache of compiled files.
 */
export async function measureDemo({ engine, sizes, add }: BenchRun): Promise<void> {
  const all: Times[] = [];
  for (let round = 0; round < sizes.rounds; round++) {
    const database = engine === "SQLite" ? null : await createTestDatabase(engine, { migrated: false });
    try {
      all.push(await timesOf(database ? { DEMO_DATABASE_URL: database.url } : {}));
    } finally {
      await database?.dispose();
    }
  }
  const middle = (kind: keyof Times) => median(all.map((times) => times[kind])) / 1000;
  add("npm run demo until it is ready, median", middle("start"), "s", atMost(10, "both"));
  add("reset from its page, median", middle("page"), "s", atMost(2, "both"));
  add("npm run admin -- demo reset, median", middle("commandLine"), "s", atMost(2, "both"));
}

async function timesOf(variables: Record<string, string>): Promise<Times> {
  // tsx caches compiled files in TMPDIR.
  const cache = mkdtempSync(join(tmpdir(), "bench-demo-"));
  const demo = new Demo({ ...variables, TMPDIR: cache });
  try {
    return {
      start: await ms(() => demo.start()),
      page: await ms(async () => {
        const form = { method: "POST", headers: { origin: demo.url }, redirect: "manual" } as const;
        assert.equal(
          (await fetch(demo.url.replace("localhost", "127.0.0.1") + demoPaths.reset, form)).status,
          303,
        );
      }),
      commandLine: await ms(async () => {
        assert.equal((await demo.script("admin", "--", "demo", "reset")).code, 0);
      }),
    };
  } finally {
    await demo.remove();
    rmSync(cache, { recursive: true, force: true });
  }
}

async function ms(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
