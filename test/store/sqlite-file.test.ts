import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UnavailableError } from "../../src/errors.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrate.ts";
import { isUnavailable } from "../../src/store/sql-errors.ts";
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
