import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Role } from "../../../src/model.ts";
import { onEachDatabase } from "../../helpers/databases.ts";
import { createTestTenant, newUser } from "../../helpers/people.ts";

describe("roles", () => {
  onEachDatabase((use) => {
    const fresh = async () => {
      const tenant = await createTestTenant(use().database);
      const { store } = tenant;
      const user = await store.users.create(newUser("ada@acme.example"));
      const group = { id: randomUUID(), displayName: "Admins", sourceId: null, sourceKey: null };
      await store.groups.create(group);
      return { ...tenant, user, group, effective: () => store.roles.effective(user.id) };
    };

    it("make every user at least a member, even an unknown one", async () => {
      const { store, effective } = await fresh();
      assert.deepEqual([await effective(), await store.roles.effective(randomUUID())], ["member", "member"]);
    });

    const highest: [Role[], Role][] = [
      [["member"], "member"],
      [["member", "admin"], "admin"],
      [["admin", "member"], "admin"],
      [["owner", "admin", "member"], "owner"],
      [["member", "owner"], "owner"],
    ];
    for (const [granted, expected] of highest) {
      it(`result in ${expected} for ${granted.join(" and ")}`, async () => {
        const { store, user, effective } = await fresh();
        for (const role of granted) await store.roles.grant(user.id, role);
        assert.equal(await effective(), expected);
      });
    }

    it("granted twice are revoked at once", async () => {
      const { store, user, effective } = await fresh();
      await store.roles.grant(user.id, "admin");
      await store.roles.grant(user.id, "admin");
      assert.equal((await store.roles.grantsOf(user.id)).length, 1);
      await store.roles.revoke(user.id, "admin");
      await store.roles.revoke(user.id, "admin");
      assert.equal(await effective(), "member");
    });

    it("are the same for many users at once as for one", async () => {
      const { store, user, group, effective } = await fresh();
      const [second, third] = [newUser("b@acme.example"), newUser("c@acme.example")];
      for (const one of [second, third]) await store.users.create(one);
      await store.roles.mapGroup(group.id, "admin");
      await store.groupMembers.add(group.id, [user.id, second.id]);
      await store.roles.grant(second.id, "owner");
      const found = await store.roles.effectiveOf([user.id, second.id, third.id]);
      assert.deepEqual([...found.values()], [await effective(), "owner", "member"]);
    });

    it("of a group follow membership and mapping without a grant to the user", async () => {
      const { store, user, group, effective } = await fresh();
      await store.groupMembers.add(group.id, [user.id]);
      assert.equal(await effective(), "member");
      await store.roles.mapGroup(group.id, "admin");
      await store.roles.mapGroup(group.id, "admin");
      assert.equal(await effective(), "admin");
      assert.deepEqual(await store.roles.grantsOf(user.id), [
        { role: "admin", source: "group", sourceId: group.id },
      ]);
      await store.groupMembers.remove(group.id, [user.id]);
      assert.equal(await effective(), "member");
      await store.groupMembers.add(group.id, [user.id]);
      assert.equal(await effective(), "admin");
      await store.roles.unmapGroup(group.id, "admin");
      assert.equal(await effective(), "member");
      await store.roles.mapGroup(group.id, "admin");
      await store.groups.remove(group.id);
      assert.equal(await effective(), "member");
    });

    it("are replaced for one source only", async () => {
      const { store, user, connection, effective } = await fresh();
      const [first, second] = [await connection(), await connection()];
      await store.roles.grant(user.id, "admin");
      await store.roles.replace(user.id, "scim", null, ["admin"]);
      await store.roles.replace(user.id, "claim", first.id, ["member", "admin"]);
      await store.roles.replace(user.id, "claim", second.id, ["admin"]);
      await store.roles.replace(user.id, "scim", null, []);
      await store.roles.replace(user.id, "claim", first.id, ["member"]);
      const grants = (await store.roles.grantsOf(user.id)).map(
        ({ role, source, sourceId }) => `${source} ${sourceId} ${role}`,
      );
      assert.deepEqual(
        grants.sort(),
        [`claim ${first.id} member`, `claim ${second.id} admin`, "manual null admin"].sort(),
      );
      await store.roles.revoke(user.id, "admin");
      assert.equal(await effective(), "admin");
      await store.roles.removeOfConnection(second.id);
      assert.equal(await effective(), "member");
    });

    it("granted by hand survive if a source stops granting them", async () => {
      const { store, user, effective } = await fresh();
      await store.roles.grant(user.id, "owner");
      await store.roles.replace(user.id, "scim", null, []);
      assert.equal(await effective(), "owner");
    });

    it("say which owners can sign in", async () => {
      const { store, user } = await fresh();
      const others = await fresh();
      await others.store.roles.grant(others.user.id, "owner");
      const add = async (name: string) => {
        const { id } = await store.users.create(newUser(name));
        await store.roles.grant(id, "owner");
        return id;
      };
      const [inactive, blocked, active] = [await add("a@x"), await add("b@x"), await add("c@x")];
      await store.roles.grant(user.id, "admin");
      await store.users.update(inactive, { active: false });
      await store.users.update(blocked, { blocked: true });
      assert.deepEqual(await store.transaction((inside) => inside.roles.lockOwners()), [
        { id: active, canSignIn: false },
      ]);
    });
  });
});
