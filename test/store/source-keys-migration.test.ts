import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { down, up } from "../../migrations/20261129041000_share_source_keys.ts";
import { migrate } from "../../src/store/migrate.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";
import { createTestDatabase, engines, type TestDatabase } from "../helpers/databases.ts";
import { createTestTenant, newUser } from "../helpers/people.ts";

describe("the migration that lets users and groups share source keys", () => {
  for (const engine of engines) {
    describe(`on ${engine}`, () => {
      let current: TestDatabase;
      beforeEach(async () => {
        current = await createTestDatabase(engine, { migrated: false });
        await migrate(current.database);
      });
      afterEach(() => current.dispose());
      const run = (direction: typeof up) => current.database.sql().transaction((trx) => direction(trx));
      const addUser = (store: TenantStore, key: { sourceId: string; sourceKey: string }) =>
        store.users.create(newUser(randomUUID(), key));
      const addGroup = (store: TenantStore, key: { sourceId: string; sourceKey: string }) =>
        store.groups.create({ id: randomUUID(), displayName: randomUUID(), ...key });

      it("keeps the keys of an older database, and then accepts a key again", async () => {
        const { store, writer } = await createTestTenant(current.database);
        const key = { sourceId: writer.source.id, sourceKey: "k" };
        await run(down);
        const [user, group] = [await addUser(store, key), await addGroup(store, key)];
        await assert.rejects(addUser(store, key), /unique/i);
        await assert.rejects(addGroup(store, key), /unique/i);
        await run(up);
        assert.deepEqual(
          [(await store.users.byId(user.id))?.sourceKey, (await store.groups.byId(group.id))?.sourceKey],
          ["k", "k"],
        );
        await addUser(store, key);
        await addGroup(store, key);
      });

      it("leaves a shared key to the oldest of each source and tenant on rollback", async () => {
        const { store, writer } = await createTestTenant(current.database);
        const second = await store.sources.create({ id: randomUUID(), name: "Second" });
        const other = await createTestTenant(current.database);
        const key = { sourceId: writer.source.id, sourceKey: "k" };
        const elsewhere = { ...key, sourceId: second.id };
        const foreign = { ...key, sourceId: other.writer.source.id };
        const users = [];
        for (const one of [key, key, key, elsewhere]) users.push(await addUser(store, one));
        const groups = [await addGroup(store, key), await addGroup(store, key)];
        const neighbour = await addUser(other.store, foreign);
        await run(down);
        const keyOf = async (id: string) => (await store.users.byId(id))?.sourceKey;
        assert.deepEqual(await Promise.all(users.map(({ id }) => keyOf(id))), ["k", null, null, "k"]);
        const groupKey = async (id: string) => (await store.groups.byId(id))?.sourceKey;
        assert.deepEqual(await Promise.all(groups.map(({ id }) => groupKey(id))), ["k", null]);
        assert.equal((await other.store.users.byId(neighbour.id))?.sourceKey, "k");
        await run(up);
      });
    });
  }
});
