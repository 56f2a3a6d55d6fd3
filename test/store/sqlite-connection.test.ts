import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UnavailableError } from "../../src/errors.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrate.ts";
import { isForeignKeyViolation, isUnavailable } from "../../src/store/sql-errors.ts";
import { type SqliteConnection, stayWithFile } from "../../src/store/sqlite-connection.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { onDatabase } from "../helpers/databases.ts";
import { createTestTenant, newUser, type TestTenant } from "../helpers/people.ts";

const parts = ["", "-wal", "-shm"];

describe("a SQLite file that is moved while the application has it open", () => {
  let folder: string;
  let file: string;
  let away: string;
  let database: Database;
  let acme: TestTenant;
  let count = 0;
  const create = (store = acme.store) => store.users.create(newUser(`user-${count++}@acme.example`));
  const move = (from: string, to: string) => {
    for (const part of parts) if (existsSync(from + part)) renameSync(from + part, to + part);
  };
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "starter-test-"));
    [file, away] = [join(folder, "app.sqlite"), join(folder, "away.sqlite")];
    database = openDatabase(file, "off");
    await migrate(database);
    acme = await createTestTenant(database);
  });
  afterEach(async () => {
    await database.close();
    rmSync(folder, { recursive: true });
  });

  const away503 = (error: unknown) => error instanceof UnavailableError || isUnavailable(error);

  it("acknowledges no write while the file is away, writes none into it, and makes no empty one", async () => {
    await create();
    move(file, away);
    await assert.rejects(create(), away503);
    await assert.rejects(acme.store.users.count(), away503);
    await assert.rejects(
      acme.store.transaction((inside) => create(inside)),
      away503,
    );
    assert.equal(existsSync(file), false);
    move(away, file);
    assert.equal(await acme.store.users.count(), 1);
    await create();
    assert.equal(await acme.store.users.count(), 2);
  });

  it("acknowledges no transaction whose file was moved before its commit", async () => {
    const work = acme.store.transaction(async (inside) => {
      await create(inside);
      move(file, away);
    });
    await assert.rejects(work, away503);
    move(away, file);
    assert.equal(await acme.store.users.count(), 0);
  });

  it("acknowledges no write while the file cannot be seen", async () => {
    move(file, away);
    symlinkSync(file, file);
    await assert.rejects(create(), away503);
    rmSync(file);
    move(away, file);
    assert.equal(await acme.store.users.count(), 0);
  });

  it("goes on with the file that takes its place", async () => {
    await create();
    move(file, away);
    for (const part of parts) if (existsSync(away + part)) cpSync(away + part, file + part);
    await assert.rejects(create(), away503);
    const { id } = await create();
    const other = openDatabase(file, "off");
    assert.equal((await other.sql()("users").where({ id })).length, 1);
    await other.close();
  });

  it("opens an absent file only once, so that a missing database is never an empty one", async () => {
    rmSync(folder, { recursive: true });
    await assert.rejects(acme.store.users.count(), away503);
    await assert.rejects(acme.store.users.count(), away503);
    assert.equal(existsSync(file), false);
    mkdirSync(folder);
  });
});

describe("a SQLite connection whose file was gone when it was opened", () => {
  it("fails each statement", () => {
    const succeed: SqliteConnection["run"] = (_sql, _bindings, done) => done.call(null, null, []);
    const connection = { run: succeed, all: succeed } as unknown as SqliteConnection;
    stayWithFile(connection, join(tmpdir(), "starter-absent.sqlite"));
    const errors: (Error | null)[] = [];
    for (const sql of ["select 1", "insert into users default values"])
      connection.all(sql, [], (error) => errors.push(error));
    assert.deepEqual(
      errors.map((error) => error instanceof UnavailableError),
      [true, true],
    );
  });
});

describe("a SQLite transaction whose commit fails", () => {
  onDatabase("SQLite", (use) => {
    it("is undone, holds no lock, and takes no later transaction in", async () => {
      const database = use().openAnother();
      const { store, tenant } = await createTestTenant(database);
      const refused = database.transaction(async (inside) => {
        await forTenant(inside, tenant.id).users.create(newUser("refused@acme.example"));
        // The check waits for the commit, which fails and leaves the transaction open.
        await inside.sql().raw("pragma defer_foreign_keys = on");
        await forTenant(inside, tenant.id).identities.add("no-connection", "00u", "no-user");
      });
      await assert.rejects(refused, isForeignKeyViolation);
      const other = forTenant(use().openAnother(), tenant.id);
      await other.users.create(newUser("of-another@acme.example"));
      await store.transaction((inside) => inside.users.create(newUser("later@acme.example")));
      assert.equal(await other.users.count(), 2);
    });
  });

  for (const edge of ["BEGIN;", "COMMIT;", "ROLLBACK"])
    it(`gives its connection up after a failed ${edge}`, () => {
      assert.equal(isGivenUpAfter(edge), true);
    });

  it("keeps its connection after a failed statement", () => {
    assert.equal(isGivenUpAfter("insert into users default values"), false);
  });
});

/** Whether the pool replaces a connection after SQLite refused this statement. */
function isGivenUpAfter(sql: string): boolean {
  const refuse: SqliteConnection["run"] = (_sql, _bindings, done) =>
    done.call(null, Object.assign(new Error("refused"), { code: "SQLITE_ERROR" }));
  const exec: SqliteConnection["exec"] = (_sql, done) => done(null);
  const connection = { run: refuse, all: refuse, exec } as unknown as SqliteConnection;
  stayWithFile(connection, import.meta.filename);
  connection.run(sql, [], () => undefined);
  return "__knex__disposed" in connection;
}
