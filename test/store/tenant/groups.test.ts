import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { ConflictError, NotFoundError } from "../../../src/errors.ts";
import type { TenantStore } from "../../../src/store/tenant-store.ts";
import { onEachDatabase } from "../../helpers/databases.ts";
import { createTestTenant, newUser } from "../../helpers/people.ts";

const newGroup = (displayName: string) => ({
  id: randomUUID(),
  displayName,
  sourceId: null,
  sourceKey: null,
});

/** Creates a tenant with three users, sorted by id, and one group. */
async function team(store: TenantStore) {
  const ids = [randomUUID(), randomUUID(), randomUUID()].sort() as [string, string, string];
  for (const id of ids) await store.users.create(newUser(`${id}@acme.example`, { id }));
  const group = await store.groups.create(newGroup("Engineers"));
  const members = () => store.groupMembers.page(group.id, null, 100);
  return { ids, group, members };
}

describe("groups", () => {
  onEachDatabase((use) => {
    const fresh = async () => (await createTestTenant(use().database)).store;

    it("are counted correctly after creations, refusals and removals", async () => {
      const store = await fresh();
      const first = await store.groups.create(newGroup("Engineers"));
      await assert.rejects(store.groups.create(newGroup("ENGINEERS")), ConflictError);
      const second = await store.groups.create(newGroup("Editors"));
      assert.deepEqual([first.seq, second.seq, await store.groups.count()], [1, 2, 2]);
      assert.deepEqual(
        [await store.groups.remove(second.id), await store.groups.remove(second.id)],
        [true, false],
      );
      assert.equal(await store.groups.count(), 1);
      assert.equal((await store.groups.create(newGroup("Editors"))).seq, 3);
    });

    it("are counted correctly after concurrent creations", async () => {
      const store = await fresh();
      const names = Array.from({ length: 30 }, (_, index) => `Group ${index % 20}`);
      await Promise.allSettled(names.map((name) => store.groups.create(newGroup(name))));
      assert.equal(await store.groups.count(), 20);
      assert.deepEqual(
        (await store.groups.page(0, 100)).map(({ seq }) => seq),
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
    });

    it("are found by name, ignoring case, and paged in order", async () => {
      const store = await fresh();
      for (const name of ["Ärzte", "Editors", "Admins"]) await store.groups.create(newGroup(name));
      assert.equal((await store.groups.byName("äRZTE"))?.displayName, "Ärzte");
      assert.equal(await store.groups.byName("Arzte"), null);
      assert.deepEqual(
        (await store.groups.page(1, 1)).map(({ displayName }) => displayName),
        ["Editors"],
      );
    });

    it("keep what an update does not name, and increment their version", async () => {
      const store = await fresh();
      const before = await store.groups.create(newGroup("Engineers"));
      const { updatedAt: _, ...after } = await store.groups.update(before.id, { displayName: "engineers" });
      const { updatedAt: __, ...expected } = before;
      assert.deepEqual(after, { ...expected, displayName: "engineers", version: 2 });
      await assert.rejects(store.groups.update(randomUUID(), {}), NotFoundError);
    });
  });
});

describe("members", () => {
  onEachDatabase((use) => {
    const fresh = async () => {
      const { store } = await createTestTenant(use().database);
      return { store, ...(await team(store)) };
    };

    it("can be added twice, and removed if they are not members", async () => {
      const { store, ids, group, members } = await fresh();
      const [one, two, three] = ids;
      await store.groupMembers.add(group.id, [one, two, one]);
      await store.groupMembers.add(group.id, [two, three]);
      assert.deepEqual(await members(), ids);
      await store.groupMembers.remove(group.id, [two, two, randomUUID()]);
      await store.groupMembers.remove(group.id, [two]);
      assert.deepEqual(await members(), [one, three]);
      assert.deepEqual(
        [await store.groupMembers.has(group.id, one), await store.groupMembers.has(group.id, two)],
        [true, false],
      );
    });

    it("can be added and removed with an empty list", async () => {
      const { store, group, members } = await fresh();
      await store.groupMembers.add(group.id, []);
      await store.groupMembers.remove(group.id, []);
      assert.deepEqual([await members(), await store.groupMembers.unknownUsers([])], [[], []]);
    });

    it("are replaced completely or not at all", async () => {
      const { store, ids, group, members } = await fresh();
      const [one, two, three] = ids;
      await store.groupMembers.add(group.id, [one, two]);
      const replace = (userIds: string[]) =>
        store.transaction(async (inside) => {
          await inside.groupMembers.removeAll(group.id);
          await inside.groupMembers.add(group.id, userIds);
        });
      await replace([two, three]);
      assert.deepEqual(await members(), [two, three]);
      await assert.rejects(replace([one, randomUUID()]), /foreign key/i);
      assert.deepEqual(await members(), [two, three]);
    });

    it("are reported if they are unknown or of another tenant", async () => {
      const { store, ids } = await fresh();
      const others = await fresh();
      const unknown = randomUUID();
      assert.deepEqual(await store.groupMembers.unknownUsers([unknown, ids[0], others.ids[0]]), [
        unknown,
        others.ids[0],
      ]);
    });

    it("cannot be users of another tenant, nor join its groups", async () => {
      const { store, ids, group } = await fresh();
      const others = await fresh();
      await assert.rejects(store.groupMembers.add(group.id, [others.ids[0]]), /foreign key/i);
      await assert.rejects(store.groupMembers.add(others.group.id, [ids[0]]), /foreign key/i);
      assert.deepEqual(await others.members(), []);
    });

    it("are paged in the order of their ids", async () => {
      const { store, ids, group } = await fresh();
      await store.groupMembers.add(group.id, [...ids].reverse());
      assert.deepEqual(await store.groupMembers.page(group.id, null, 2), ids.slice(0, 2));
      assert.deepEqual(await store.groupMembers.page(group.id, ids[1], 2), ids.slice(2));
    });

    it("leave if the user is deleted, and remain users if the group is", async () => {
      const { store, ids, group, members } = await fresh();
      const second = await store.groups.create(newGroup("Second"));
      await store.groupMembers.add(group.id, ids);
      await store.groupMembers.add(second.id, ids);
      assert.deepEqual(
        (await store.groups.ofUser(ids[0])).map(({ id }) => id),
        [group.id, second.id],
      );
      await store.users.remove(ids[0]);
      await store.groups.remove(second.id);
      assert.deepEqual(await members(), ids.slice(1));
      assert.equal((await store.users.byId(ids[1]))?.id, ids[1]);
      assert.deepEqual(
        (await store.groups.ofUser(ids[1])).map(({ id }) => id),
        [group.id],
      );
    });
  });
});
