import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { backupCommand } from "../../src/cli/backup.ts";
import { InvalidError } from "../../src/errors.ts";
import { openDatabase } from "../../src/store/database.ts";
import { runCommand } from "../helpers/cli.ts";
import { createTestDatabase, onDatabase, type TestDatabase } from "../helpers/databases.ts";
import { createTestTenant } from "../helpers/people.ts";

describe("npm run admin -- backup", () => {
  let test: TestDatabase;

  const backUp = (file: string, databaseUrl = test.url, { database } = test) =>
    runCommand([backupCommand], database, ["backup", file], { databaseUrl });

  const refused = async (file: string, reason: RegExp) =>
    await assert.rejects(
      backUp(file),
      (error) => error instanceof InvalidError && reason.test(error.message),
    );

  const inFolder = (name: string) => join(dirname(test.url), name);

  onDatabase("SQLite", () => {
    beforeEach(async () => {
      test = await createTestDatabase("SQLite");
    });
    afterEach(() => test.dispose());

    it("copies the database into a file that only its owner can read, and says which secrets are missing", async () => {
      await createTestTenant(test.database, "acme");
      const file = inFolder("backup.sqlite");
      const { json, text } = await backUp(file);
      const { mode, size } = statSync(file);
      assert.equal(mode & 0o777, 0o600);
      const { startedAt, ...rest } = json as Record<string, unknown>;
      assert.deepEqual(rest, { file, bytes: size });
      assert.ok(Math.abs(Date.parse(String(startedAt)) - Date.now()) < 60_000);
      assert.match(text, /does not contain DATA_KEY and SESSION_SECRET/);
      const copy = openDatabase(file);
      const rows = await copy.sql().select("slug").from("tenants");
      await copy.close();
      assert.deepEqual(rows, [{ slug: "acme" }]);
    });

    it("copies the same database twice", async () => {
      await backUp(inFolder("one.sqlite"));
      await backUp(inFolder("two.sqlite"));
    });

    it("never overwrites a file, and leaves nothing behind", async () => {
      const file = inFolder("kept.sqlite");
      writeFileSync(file, "an earlier backup");
      await refused(file, /^There is already a file .*kept\.sqlite\.$/);
      assert.equal(readFileSync(file, "utf8"), "an earlier backup");
      assert.ok(!existsSync(`${file}.partial`));
    });

    it("leaves the unfinished file of another backup alone", async () => {
      const file = inFolder("busy.sqlite");
      writeFileSync(`${file}.partial`, "another backup's");
      await refused(file, /busy\.sqlite\.partial\. Another backup is running, or one was killed/);
      assert.equal(readFileSync(`${file}.partial`, "utf8"), "another backup's");
    });

    it("says that the folder is missing", () =>
      refused(inFolder("nowhere/app.sqlite"), /^The backup cannot be written: ENOENT/));

    it("says that there is no database, instead of creating and copying an empty one", async () => {
      const file = inFolder("of-nothing.sqlite");
      const missing = inFolder("typo.sqlite");
      await assert.rejects(backUp(file, missing), /^InvalidError: There is no database in .*typo\.sqlite/);
      assert.ok(!existsSync(missing) && !existsSync(file));
      const empty = await createTestDatabase("SQLite", { migrated: false });
      await empty.database.sql().raw("select 1");
      await assert.rejects(backUp(file, empty.url, empty), /^InvalidError: There is no database in/);
      await empty.dispose();
    });

    it("keeps no copy of a damaged database", async () => {
      const damaged = await createTestDatabase("SQLite");
      for (const statement of [
        "create table broken (value)",
        "insert into broken values (null)",
        "pragma writable_schema = on",
        "update sqlite_master set sql = 'CREATE TABLE broken (value not null)' where name = 'broken'",
      ])
        await damaged.database.sql().raw(statement);
      // Another connection, which reads the schema again.
      const opened = { ...damaged, database: damaged.openAnother() };
      const file = inFolder("of-damaged.sqlite");
      const reason = /damaged, so no backup was kept: NULL value in broken\.value\.$/;
      await assert.rejects(backUp(file, damaged.url, opened), reason);
      assert.ok(!existsSync(file) && !existsSync(`${file}.partial`));
      await damaged.dispose();
    });
  });

  onDatabase("PostgreSQL", (use) => {
    it("is refused, with the page that says what to do", async () => {
      test = use();
      await refused("app.dump", /pg_dump: docs\/how-to\/back-up-and-restore\.md$/);
      assert.ok(existsSync("docs/how-to/back-up-and-restore.md"));
    });
  });
});
