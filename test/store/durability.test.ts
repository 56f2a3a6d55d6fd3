import assert from "node:assert/strict";
import { openDatabase } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrate.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createTestTenant } from "../helpers/people.ts";
import { type PostgresServer, startPostgres } from "../helpers/postgres-server.ts";
import { type Program, runProgram, until } from "../helpers/processes.ts";

/** More than it can do until it is killed, on whichever machine: it never ends by itself. */
const writes = 10_000_000;
const atOnce = 1_000;
const killedAfter = 200;

function startWriter(url: string, tenantId: string): Program {
  return runProgram("test/helpers/endless-writer.ts", [url, tenantId, String(writes), String(atOnce)], {});
}

/** The ids that were said, whole lines only: the last one may have been cut by the kill. */
function acknowledged(writer: Program): string[] {
  return writer.stdout().split("\n").slice(0, -1);
}

async function killInTheMiddle(writer: Program, alsoKill?: () => Promise<void>): Promise<string[]> {
  await until("some writes are acknowledged", () => acknowledged(writer).length >= killedAfter, 30);
  await alsoKill?.();
  writer.child.kill("SIGKILL");
  assert.equal(await writer.ended, null);
  const ids = acknowledged(writer);
  return ids;
}

/** Every acknowledged user is there, and the counter says how many there are in truth. */
async function assertAllThere(url: string, tenantId: string, ids: string[]): Promise<void> {
  const database = openDatabase(url);
  const { users } = forTenant(database, tenantId);
  const there = await users.page(0, (await users.count()) + atOnce);
  const found = new Set(there.map(({ id }) => id));
  assert.deepEqual(
    ids.filter((id) => !found.has(id)),
    [],
  );
  assert.equal(await users.count(), there.length);
  await database.close();
}

describe("what the store acknowledged", () => {
  onEachDatabase((use) => {
    it("is there after the process was killed in the middle of 1,000 writes at once", async () => {
      const { url, database } = use();
      const { tenant } = await createTestTenant(database);
      const ids = await killInTheMiddle(startWriter(url, tenant.id));
      await assertAllThere(url, tenant.id, ids);
    });

    it("was handed to the disk before: no test can pull the plug, so this asks the setting", async () => {
      const { database } = use();
      const sqlite = database.engine === "sqlite";
      const result = await database.sql().raw(sqlite ? "pragma synchronous" : "show synchronous_commit");
      assert.deepEqual(
        sqlite ? result : result.rows,
        sqlite ? [{ synchronous: 2 }] : [{ synchronous_commit: "on" }],
      );
    });
  });

  describe("on PostgreSQL", () => {
    let server: PostgresServer;
    before(async () => {
      server = await startPostgres();
    });
    after(() => server.stop());

    it("is there after the database server itself was killed too, and started again", async () => {
      const database = openDatabase(server.url);
      await migrate(database);
      const { tenant } = await createTestTenant(database);
      await database.close();
      const ids = await killInTheMiddle(startWriter(server.url, tenant.id), () => server.kill());
      await until(
        "PostgreSQL starts again",
        () =>
          server.restart().then(
            () => true,
            () => false,
          ),
        30,
      );
      await assertAllThere(server.url, tenant.id, ids);
    });
  });
});
