import assert from "node:assert/strict";
import { openDatabase } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrate.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { createTestDatabase, engines, type TestDatabase } from "../helpers/databases.ts";
import { createTestTenant } from "../helpers/people.ts";
import { type PostgresServer, startPostgres } from "../helpers/postgres-server.ts";
import { type Program, runProgram, until } from "../helpers/processes.ts";

/** Too many to finish before the kill, even on a fast machine. */
const writes = 10_000_000;
const atOnce = 1_000;
const killedAfter = 200;

function startWriter(url: string, tenantId: string): Program {
  return runProgram("test/helpers/endless-writer.ts", [url, tenantId, String(writes), String(atOnce)], {});
}

/** The printed ids, whole lines only: the kill may have cut the last one. */
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

/** Asserts that every acknowledged user exists and that the counter is right. */
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

/** Opens every database as production does. PostgreSQL's server has its own settings. */
describe("an acknowledged write", () => {
  for (const engine of engines) {
    describe(`on ${engine}`, () => {
      let server: PostgresServer | undefined;
      let file: TestDatabase | undefined;
      let url: string;
      before(async () => {
        if (engine === "PostgreSQL") server = await startPostgres();
        else file = await createTestDatabase(engine, { migrated: false });
        url = server?.url ?? file?.url ?? "";
        const database = openDatabase(url);
        await migrate(database);
        await database.close();
      });
      after(async () => {
        await file?.dispose();
        await server?.stop();
      });

      const newTenant = async () => {
        const database = openDatabase(url);
        const { tenant } = await createTestTenant(database);
        await database.close();
        return tenant;
      };

      it("survives a kill of the process during 1,000 concurrent writes", async () => {
        const { id } = await newTenant();
        const ids = await killInTheMiddle(startWriter(url, id));
        await assertAllThere(url, id, ids);
      });

      it("is synced to disk first, according to the settings, because no test can cut the power", async () => {
        const database = openDatabase(url);
        const ask = async (words: string) => await database.sql().raw(words);
        if (engine === "SQLite") assert.deepEqual(await ask("pragma synchronous"), [{ synchronous: 2 }]);
        else {
          for (const setting of ["fsync", "synchronous_commit", "full_page_writes"]) {
            const { rows } = await ask(`show ${setting}`);
            assert.deepEqual(rows, [{ [setting]: "on" }]);
          }
        }
        await database.close();
      });

      if (engine === "PostgreSQL") {
        it("survives a kill and restart of the database server as well", async () => {
          const { id } = await newTenant();
          const ids = await killInTheMiddle(startWriter(url, id), () => server?.kill() ?? assert.fail());
          const restart = () =>
            server?.restart().then(
              () => true,
              () => false,
            ) ?? false;
          await until("PostgreSQL starts again", restart, 30);
          await assertAllThere(url, id, ids);
        });
      }
    });
  }
});
