import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { isUnavailable } from "../../src/store/sql-errors.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { tenantScope } from "../../src/store/tenant/scope.ts";
import { createTestDatabase, onDatabase, onEachDatabase, type TestDatabase } from "../helpers/databases.ts";
import { createTestTenant, newUser } from "../helpers/people.ts";

/** Runs work outside any transaction, as another request would, regardless of the caller. */
const runOutside = AsyncLocalStorage.snapshot();

const newTenant = (slug: string) => ({ id: randomUUID(), slug, name: slug });

async function exists(database: Database, slug: string): Promise<boolean> {
  return (await systemStore(database).tenants.bySlug(slug)) !== null;
}

const userRow = (id: string, index: number) => ({
  id,
  seq: index + 1,
  login_name: id,
  login_name_key: id,
  active: true,
  blocked: false,
  origin: "scim",
  created_at: 0,
  updated_at: 0,
});

/** A read-modify-write, which loses an update if two of them overlap. */
async function addOne(database: Database, id: string): Promise<void> {
  await database.transaction(async (inside) => {
    const before = await inside.sql()("tenants").where({ id }).forUpdate().first("user_seq");
    await inside
      .sql()("tenants")
      .where({ id })
      .update({ user_seq: before.user_seq + 1 });
  });
}

describe("a transaction", () => {
  onEachDatabase((use) => {
    it("commits if the work succeeds, and returns its result", async () => {
      const { database } = use();
      const result = await database.transaction(async (inside) => {
        await systemStore(inside).tenants.create(newTenant("kept-a"));
        await systemStore(inside).tenants.create(newTenant("kept-b"));
        return "done";
      });
      assert.equal(result, "done");
      assert.deepEqual([await exists(database, "kept-a"), await exists(database, "kept-b")], [true, true]);
    });

    it("rolls back if the work throws, and rethrows the error unchanged", async () => {
      const { database } = use();
      const failure = new Error("on purpose");
      const work = database.transaction(async (inside) => {
        await systemStore(inside).tenants.create(newTenant("dropped"));
        throw failure;
      });
      await assert.rejects(work, (error) => error === failure);
      assert.equal(await exists(database, "dropped"), false);
    });

    it("is joined by an inner transaction, which rolls back with it", async () => {
      const { database } = use();
      const work = database.transaction(async (outer) => {
        await outer.transaction(async (inner) => {
          assert.equal(inner, outer);
          await systemStore(inner).tenants.create(newTenant("inner"));
        });
        assert.equal(await exists(outer, "inner"), true);
        throw new Error("on purpose");
      });
      await assert.rejects(work, /on purpose/);
      assert.equal(await exists(database, "inner"), false);
    });

    it("is joined through a tenant's store too", async () => {
      const { database } = use();
      const { store } = await createTestTenant(database);
      const work = store.transaction(async (outer) => {
        await outer.transaction((inner) => inner.users.create(newUser("ada@acme.example")));
        assert.equal(await outer.users.count(), 1);
        throw new Error("on purpose");
      });
      await assert.rejects(work, /on purpose/);
      assert.equal(await store.users.count(), 0);
    });

    it("cannot close the database", async () => {
      const { database } = use();
      await assert.rejects(
        database.transaction((inside) => inside.close()),
        /cannot close/,
      );
      assert.equal(await exists(database, "unknown"), false);
    });

    const waysOut: Record<string, (outer: Database) => Promise<unknown> | unknown> = {
      "a statement": (outer) => outer.sql(),
      "a store": (outer) => systemStore(outer).ping(),
      "a second transaction": (outer) => outer.transaction(() => Promise.resolve()),
    };
    for (const [what, goOut] of Object.entries(waysOut)) {
      it(`throws at once if ${what} inside it asks the pool`, async () => {
        const { database } = use();
        const started = Date.now();
        await assert.rejects(
          database.transaction(async () => await goOut(database)),
          /the pool was asked for inside a transaction/,
        );
        assert.ok(Date.now() - started < 5_000, "it waited for itself");
        assert.equal(await exists(database, "unknown"), false);
      });
    }

    it("loses and refuses no update among many concurrent ones over two connections", async () => {
      const { database, openAnother } = use();
      const tenant = newTenant("counted");
      await systemStore(database).tenants.create(tenant);
      const both = [database, openAnother()];
      const rounds = Array.from({ length: 100 }, (_, round) => both[round % 2] as Database);
      await Promise.all(rounds.map((one) => addOne(one, tenant.id)));
      const row = await database.sql()("tenants").where({ id: tenant.id }).first("user_seq");
      assert.equal(row.user_seq, rounds.length);
    });

    it("is visible to another connection completely or not at all", async () => {
      const { database, openAnother } = use();
      const other = openAnother();
      await database.transaction(async (inside) => {
        await systemStore(inside).tenants.create(newTenant("half"));
        assert.equal(await runOutside(() => exists(other, "half")), false);
      });
      assert.equal(await exists(other, "half"), true);
    });

    it("reports what failed without the written values", async () => {
      const { store } = await createTestTenant(use().database);
      const user = newUser("grace@acme.example", { sourceId: randomUUID() });
      const error = await store.users.create(user).then(
        () => assert.fail("a source that does not exist was accepted"),
        (failure: Error) => failure,
      );
      assert.match(error.message, /foreign key/i);
      assert.doesNotMatch(error.message, /grace@acme/);
    });
  });
});

describe("a transaction that deadlocks with another one", () => {
  describe("on PostgreSQL", () => {
    let current: TestDatabase;
    before(async () => {
      current = await createTestDatabase("PostgreSQL");
    });
    after(() => current.dispose());

    it("is retried, so that both succeed", async () => {
      const { database } = current;
      const [left, right] = [newTenant("left"), newTenant("right")];
      await systemStore(database).tenants.create(left);
      await systemStore(database).tenants.create(right);
      let attempts = 0;
      let arrived = 0;
      let bothArrived = () => {};
      const together = new Promise<void>((resolve) => {
        bothArrived = resolve;
      });
      const rename = (first: string, second: string, name: string) =>
        database.transaction(async (inside) => {
          attempts++;
          const { update } = systemStore(inside).tenants;
          await update(first, { name });
          if (++arrived === 2) bothArrived();
          await together;
          await update(second, { name });
        });
      await Promise.all([rename(left.id, right.id, "one"), rename(right.id, left.id, "two")]);
      // More than three if it deadlocked again.
      assert.ok(attempts >= 3, "one of the two had to start again");
      const names = (await systemStore(database).tenants.list()).map(({ name }) => name);
      assert.equal(new Set(names).size, 1, `the last one's work is whole: ${names}`);
    });

    it("fails with the cause after a few attempts", async () => {
      let attempts = 0;
      const work = current.database.transaction(() => {
        attempts++;
        return Promise.reject(Object.assign(new Error("deadlock detected"), { code: "40P01" }));
      });
      await assert.rejects(work, /deadlock detected/);
      assert.equal(attempts, 4);
    });
  });
});

describe("a statement that PostgreSQL does not answer", () => {
  onDatabase("PostgreSQL", (use) => {
    it("fails after the limit, frees its connection, and rolls its transaction back", async () => {
      const limited = openDatabase(use().url, "off", undefined, 2_000);
      const tenant = newTenant("too-slow");
      const started = Date.now();
      const slow = limited.transaction(async (inside) => {
        await systemStore(inside).tenants.create(tenant);
        await inside.sql().raw("select pg_sleep(20)");
      });
      await assert.rejects(slow, isUnavailable);
      assert.ok(Date.now() - started < 15_000, "it waited for the server");
      assert.equal(await exists(limited, tenant.slug), false);
      await limited.sql().raw("select 1");
      await limited.close();
    });
  });
});

describe("a write that waits in vain for another process", () => {
  onDatabase("SQLite", (use) => {
    it("fails alone: later transactions commit", async () => {
      const waiting = use().openAnother();
      await waiting.sql().raw("pragma busy_timeout = 50");
      const create = (database: Database, slug: string) =>
        systemStore(database).tenants.create(newTenant(slug));
      const rename = async () =>
        await waiting.sql()("tenants").where({ slug: "none" }).update({ name: "None" });
      await use()
        .openAnother()
        .transaction(async (inside) => {
          await create(inside, "first");
          await runOutside(() => assert.rejects(rename(), isUnavailable));
        });
      await waiting.transaction((inside) => create(inside, "later"));
      assert.equal(await exists(use().database, "later"), true);
    });
  });
});

describe("a new database", () => {
  it("can be opened concurrently", async () => {
    // Without a retry, one of the four fails about one time in ten.
    for (let round = 0; round < 60; round++) {
      const { openAnother, dispose } = await createTestDatabase("SQLite", { migrated: false });
      try {
        const answers = Array.from({ length: 4 }, () => openAnother().sql().raw("pragma journal_mode"));
        const modes = (await Promise.all(answers)).flat();
        assert.deepEqual(
          modes,
          answers.map(() => ({ journal_mode: "wal" })),
        );
      } finally {
        await dispose();
      }
    }
  });
});

describe("a bulk write", () => {
  onEachDatabase((use) => {
    it("accepts more values than one statement may bind: 20,000 members of one group", async () => {
      const { database } = use();
      const { store } = await createTestTenant(database);
      const userIds = Array.from({ length: 20_000 }, () => randomUUID());
      await database.transaction((inside) =>
        tenantScope(inside, store.tenantId).insertMany("users", userIds.map(userRow)),
      );
      const group = { id: randomUUID(), displayName: "Everybody", sourceId: null, sourceKey: null };
      await store.groups.create(group);
      await store.transaction((inside) => inside.groupMembers.add(group.id, userIds));
      assert.deepEqual(await store.groupMembers.unknownUsers([...userIds, "stranger"]), ["stranger"]);
      assert.equal((await store.groupMembers.page(group.id, null, 30_000)).length, 20_000);
      await store.transaction((inside) => inside.groupMembers.remove(group.id, userIds));
      assert.deepEqual(await store.groupMembers.page(group.id, null, 10), []);
    });
  });
});
