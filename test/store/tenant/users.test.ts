import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { ConflictError, NotFoundError } from "../../../src/errors.ts";
import { systemStore } from "../../../src/store/system-store.ts";
import { forTenant } from "../../../src/store/tenant-store.ts";
import { onEachDatabase } from "../../helpers/databases.ts";
import { createTestTenant, newUser } from "../../helpers/people.ts";

describe("users", () => {
  onEachDatabase((use) => {
    const fresh = async () => (await createTestTenant(use().database)).store;

    describe("create", () => {
      it("returns the user as it is stored", async () => {
        const store = await fresh();
        const wanted = newUser("Ada@Acme.example", { givenName: "Ada", email: "ada@acme.example" });
        const created = await store.users.create(wanted);
        assert.deepEqual(await store.users.byId(wanted.id), created);
        const { createdAt, updatedAt, attributes, entitlements, ...rest } = created;
        assert.deepEqual([attributes, entitlements], [{}, []]);
        assert.deepEqual(rest, { ...wanted, seq: 1, blocked: false, accessEpoch: 0, version: 1 });
        assert.equal(createdAt, updatedAt);
      });

      it("changes nothing on refusal, inside a transaction or not", async () => {
        const store = await fresh();
        await store.users.create(newUser("ada@acme.example"));
        await assert.rejects(store.users.create(newUser("ADA@acme.example")), ConflictError);
        const inTransaction = store.transaction((inside) => inside.users.create(newUser("ADA@acme.example")));
        await assert.rejects(inTransaction, ConflictError);
        assert.equal(await store.users.count(), 1);
        assert.equal((await store.users.create(newUser("grace@acme.example"))).seq, 2);
      });

      it("is refused for an unknown tenant", async () => {
        const store = forTenant(use().database, randomUUID());
        await assert.rejects(store.users.create(newUser("ada@acme.example")), NotFoundError);
      });

      it("keeps the counter correct for concurrent calls over two connections", async () => {
        const { openAnother, database } = use();
        const { store, tenant } = await createTestTenant(database);
        const other = forTenant(openAnother(), tenant.id);
        const names = Array.from({ length: 60 }, (_, index) => `user-${index % 40}@acme.example`);
        const results = await Promise.allSettled(
          names.map((name, index) => (index % 2 ? store : other).users.create(newUser(name))),
        );
        assert.equal(results.filter(({ status }) => status === "fulfilled").length, 40);
        assert.equal(await store.users.count(), 40);
        assert.equal((await store.users.page(0, 100)).length, 40);
      });
    });

    describe("seq", () => {
      it("is assigned in commit order, so that a reader after the last one misses no user", async () => {
        const { openAnother, database } = use();
        const { store, tenant } = await createTestTenant(database);
        const reader = forTenant(openAnother(), tenant.id);
        const seen: number[] = [];
        const readOn = async () => {
          for (const { seq } of await reader.users.page(seen.at(-1) ?? 0, 10)) seen.push(seq);
        };
        const names = Array.from({ length: 60 }, (_, index) => `user-${index}@acme.example`);
        let writing = true;
        const written = Promise.all(
          names.map((name, index) =>
            index % 2
              ? store.users.create(newUser(name))
              : store.transaction((inside) => inside.users.create(newUser(name))),
          ),
        ).finally(() => {
          writing = false;
        });
        while (writing) await readOn();
        await written;
        while (seen.length < 60) {
          const before = seen.length;
          await readOn();
          if (seen.length === before) break;
        }
        assert.deepEqual(
          seen,
          names.map((_, index) => index + 1),
        );
      });

      it("is never reused, not even the last one", async () => {
        const store = await fresh();
        await store.users.create(newUser("first@acme.example"));
        const last = await store.users.create(newUser("last@acme.example"));
        await store.users.remove(last.id);
        assert.equal((await store.users.create(newUser("next@acme.example"))).seq, last.seq + 1);
      });
    });

    describe("page", () => {
      it("returns all users in order, despite removals in between", async () => {
        const store = await fresh();
        const users = [];
        for (let index = 0; index < 7; index++) users.push(await store.users.create(newUser(`u${index}@x`)));
        await store.users.remove(users[2]?.id as string);
        const first = await store.users.page(0, 3);
        assert.deepEqual(
          first.map(({ seq }) => seq),
          [1, 2, 4],
        );
        await store.users.remove(users[3]?.id as string);
        assert.deepEqual(
          (await store.users.page(4, 10)).map(({ seq }) => seq),
          [5, 6, 7],
        );
        assert.deepEqual(await store.users.page(7, 10), []);
      });
    });

    describe("update", () => {
      it("changes the given fields only, and increments the version", async () => {
        const store = await fresh();
        const before = await store.users.create(newUser("ada@acme.example", { givenName: "Ada" }));
        const after = await store.users.update(before.id, { familyName: "Lovelace" });
        const { updatedAt, ...rest } = after;
        const { updatedAt: _, ...expected } = { ...before, familyName: "Lovelace", version: 2 };
        assert.deepEqual(rest, expected);
        assert.ok(updatedAt >= before.updatedAt);
        assert.equal((await store.users.update(before.id, { givenName: null })).givenName, null);
        assert.equal((await store.users.update(before.id, {})).version, 4);
      });

      it("allows the same login name in another case", async () => {
        const store = await fresh();
        const { id } = await store.users.create(newUser("ada@acme.example"));
        assert.equal(
          (await store.users.update(id, { loginName: "Ada@Acme.example" })).loginName,
          "Ada@Acme.example",
        );
        assert.equal((await store.users.byLoginName("ADA@ACME.EXAMPLE"))?.id, id);
        await store.users.update(id, { loginName: "lovelace@acme.example" });
        assert.equal(await store.users.byLoginName("ada@acme.example"), null);
      });

      it("is refused for an unknown user and for another tenant's", async () => {
        const [store, others] = [await fresh(), await fresh()];
        const stranger = await others.users.create(newUser("eve@acme.example"));
        for (const id of [randomUUID(), stranger.id]) {
          await assert.rejects(store.users.update(id, { active: false }), NotFoundError);
        }
        assert.equal((await others.users.byId(stranger.id))?.active, true);
      });
    });

    describe("lock", () => {
      it("serialises two read-modify-writes, so that neither is lost", async () => {
        const store = await fresh();
        const { id } = await store.users.create(newUser("ada@acme.example", { displayName: "" }));
        const append = () =>
          store.transaction(async (inside) => {
            const user = await inside.users.lock(id);
            await inside.users.update(id, { displayName: `${user?.displayName}x` });
          });
        await Promise.all(Array.from({ length: 10 }, append));
        assert.equal((await store.users.byId(id))?.displayName, "x".repeat(10));
      });
    });

    describe("remove", () => {
      it("decrements the counter once, and returns whether the user existed", async () => {
        const { database } = use();
        const store = await fresh();
        const { id } = await store.users.create(newUser("ada@acme.example"));
        assert.deepEqual([await store.users.remove(id), await store.users.remove(id)], [true, false]);
        assert.equal(await store.users.count(), 0);
        assert.equal(await store.users.byId(id), null);
        const row = await database.sql()("tenants").where("id", store.tenantId).first();
        assert.deepEqual([row.user_seq, row.user_count], [1, 0]);
      });

      it("restores the counter on rollback", async () => {
        const store = await fresh();
        const { id } = await store.users.create(newUser("ada@acme.example"));
        const failing = store.transaction(async (inside) => {
          await inside.users.remove(id);
          throw new Error("on purpose");
        });
        await assert.rejects(failing, /on purpose/);
        assert.deepEqual([await store.users.count(), (await store.users.byId(id))?.id], [1, id]);
      });
    });

    it("provisionedCount follows creation, adoption, take-over and removal", async () => {
      const store = await fresh();
      const counts: number[] = [];
      const counted = async (change: Promise<unknown>) => {
        await change;
        counts.push(await store.users.provisionedCount());
      };
      await counted(store.users.create(newUser("scim@acme.example", { id: "a" })));
      await counted(store.users.create(newUser("jit@acme.example", { id: "b", origin: "just-in-time" })));
      await counted(store.users.update("b", { origin: "scim" }));
      await counted(store.users.update("b", { origin: "scim", active: false }));
      await counted(store.users.update("a", { origin: "local" }));
      await counted(store.users.remove("a"));
      await counted(store.users.remove("b"));
      assert.deepEqual(counts, [1, 1, 2, 2, 1, 1, 0]);
      assert.equal(await store.users.count(), 0);
    });

    it("advanceAccessEpoch increments the epoch of one user only", async () => {
      const store = await fresh();
      const [ada, grace] = [
        await store.users.create(newUser("ada@acme.example")),
        await store.users.create(newUser("grace@acme.example")),
      ];
      await Promise.all([1, 2, 3].map(() => store.users.advanceAccessEpoch(ada.id)));
      assert.equal((await store.users.byId(ada.id))?.accessEpoch, 3);
      assert.equal((await store.users.byId(grace.id))?.accessEpoch, 0);
    });

    it("bySourceKey compares bytes, finds at most two provisioned users, and can ask for one source", async () => {
      const { store, writer } = await createTestTenant(use().database);
      const second = await store.sources.create({ id: randomUUID(), name: "Second" });
      const keyed = (sourceKey: string, sourceId: string) =>
        store.users.create(newUser(randomUUID(), { sourceKey, sourceId }));
      const wanted = [await keyed("00uA", writer.source.id), await keyed("00uA", second.id)];
      await keyed("00ua", writer.source.id);
      assert.deepEqual(
        (await store.users.bySourceKey("00uA")).map(({ id }) => id).sort(),
        wanted.map(({ id }) => id).sort(),
      );
      const ofSource = async (key: string, { id }: { id: string }) =>
        (await store.users.bySourceKey(key, id)).map((user) => user.id);
      assert.deepEqual(await ofSource("00uA", writer.source), [wanted[0]?.id]);
      for (let count = 0; count < 3; count++) await keyed("00uA", second.id);
      assert.equal((await ofSource("00uA", second)).length, 2);
      assert.equal((await store.users.bySourceKey("00uA")).length, 2);
      const local = { sourceKey: "00uL", sourceId: second.id, origin: "local" as const };
      await store.users.create(newUser(randomUUID(), local));
      assert.deepEqual(await ofSource("00uL", second), []);
      assert.deepEqual(await systemStore(use().database).tenants.byId(writer.source.id), null);
    });
  });
});
