import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database, openDatabase } from "../../src/store/database.ts";

describe("cached statements", () => {
  const file = join(tmpdir(), `starter-statements-${process.pid}.db`);
  const remove = () => {
    for (const end of ["", "-wal", "-shm"]) rmSync(file + end, { force: true });
  };
  let database: Database;
  const tenants = () => database.sql()("tenants");
  beforeEach(async () => {
    remove();
    database = openDatabase(file);
    await database.sql().raw("create table tenants (id integer primary key, name text unique)");
  });
  afterEach(async () => {
    await database.close();
    remove();
  });

  it("use each call's own bindings and return its own changes", async () => {
    for (const id of [1, 2, 3]) await tenants().insert({ id, name: `n${id}` });
    const names = await Promise.all([1, 2, 3, 4].map((id) => tenants().where({ id }).first("name")));
    assert.deepEqual(
      names.map((row) => row?.name),
      ["n1", "n2", "n3", undefined],
    );
    const changed = await Promise.all(
      [2, 9, 3].map((id) =>
        tenants()
          .where({ id })
          .update({ name: `x${id}` }),
      ),
    );
    assert.deepEqual(changed, [1, 0, 1]);
  });

  it("report errors of a statement or a binding, and work afterwards", async () => {
    for (const _ of [1, 2]) {
      await assert.rejects(database.sql().raw("select missing from tenants"), /no such column/);
      await assert.rejects(database.sql().raw("no SQL"), /syntax error/);
    }
    await tenants().insert({ id: 1, name: "one" });
    await assert.rejects(tenants().insert({ id: 2, name: "one" }), /UNIQUE constraint failed/);
    await tenants().insert({ id: 2, name: "two" });
    assert.equal((await tenants().select("id")).length, 2);
  });

  it("report an error to each of several concurrent callers", async () => {
    const outcomes = await database.transaction((inside) =>
      Promise.allSettled([1, 2, 3].map(() => inside.sql().raw("select missing from tenants"))),
    );
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["rejected", "rejected", "rejected"],
    );
  });

  it("see a column that was added later", async () => {
    await tenants().insert({ id: 1, name: "one" });
    assert.deepEqual(await tenants().select("*"), [{ id: 1, name: "one" }]);
    await database.sql().raw("alter table tenants add column more text default 'yes'");
    assert.deepEqual(await tenants().select("*"), [{ id: 1, name: "one", more: "yes" }]);
    await database.sql().raw("drop table tenants");
    await assert.rejects(tenants().select("*"), /no such table/);
  });

  it("are evicted if there are too many, even while they run", async () => {
    const ask = (from: Database, number: number) => from.sql().raw(`select ${number} as number`);
    const numbers = [...Array(500).keys(), 0];
    const answers = await database.transaction((inside) =>
      Promise.all(numbers.map((number) => ask(inside, number))),
    );
    assert.deepEqual(
      answers.map(([row]) => row.number),
      numbers,
    );
    assert.deepEqual(await ask(database, 0), [{ number: 0 }]);
  });

  it("do not block other writers or closing the file", async () => {
    await tenants().insert([
      { id: 1, name: "one" },
      { id: 2, name: "two" },
    ]);
    await tenants().limit(1).select("id");
    const other = openDatabase(file);
    await other.sql()("tenants").where({ id: 1 }).update({ name: "changed" });
    await other.close();
    assert.deepEqual(await tenants().where({ id: 1 }).first("name"), { name: "changed" });
  });
});
