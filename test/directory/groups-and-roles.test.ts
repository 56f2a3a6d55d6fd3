import assert from "node:assert/strict";
import {
  deleteProvisionedGroup,
  provisionGroup,
  updateProvisionedGroup,
} from "../../src/directory/groups.ts";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { atLeast, grantRole, revokeRole, setProvisionedRoles } from "../../src/directory/roles.ts";
import { InvalidError, NotFoundError } from "../../src/errors.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant, provisioned, type TestTenant } from "../helpers/people.ts";
import { conflict } from "../helpers/thrown.ts";

const engineers = { displayName: "Engineers", sourceKey: null };

describe("groups and roles", () => {
  onEachDatabase((use) => {
    let tenant: TestTenant;
    let people: string[];

    beforeEach(async () => {
      tenant = await createTestTenant(use().database);
      people = [];
      for (const name of ["a@x.test", "b@x.test", "c@x.test"]) {
        people.push((await provisionUser(tenant.store, tenant.writer, provisioned(name))).id);
      }
      people.sort();
    });

    const members = (groupId: string) => tenant.store.groupMembers.page(groupId, null, 100);

    it("names all unknown members and creates nothing", async () => {
      const other = await createTestTenant(use().database);
      const foreign = (await provisionUser(other.store, other.writer, provisioned("a@x.test"))).id;
      const creation = provisionGroup(tenant.store, tenant.writer, engineers, [...people, "ghost", foreign]);
      await assert.rejects(creation, (error) => {
        assert.ok(error instanceof InvalidError);
        assert.match(error.message, new RegExp(`ghost, ${foreign}`));
        return true;
      });
      assert.equal(await tenant.store.groups.count(), 0);
    });

    it("refuses a taken name, ignoring case, on creation and on renaming", async () => {
      await provisionGroup(tenant.store, tenant.writer, engineers, []);
      const again = provisionGroup(
        tenant.store,
        tenant.writer,
        { displayName: "ENGINEERS", sourceKey: null },
        [],
      );
      await assert.rejects(again, conflict("group-name-taken"));
      const second = await provisionGroup(
        tenant.store,
        tenant.writer,
        { displayName: "Sales", sourceKey: null },
        [],
      );
      const rename = updateProvisionedGroup(tenant.store, tenant.writer, second.id, {
        changes: { displayName: "engineers" },
      });
      await assert.rejects(rename, conflict("group-name-taken"));
    });

    it("refuses to change an unknown group", async () => {
      const change = updateProvisionedGroup(tenant.store, tenant.writer, "ghost", {
        changes: { displayName: "Ghosts" },
      });
      await assert.rejects(change, NotFoundError);
    });

    it("applies steps in order, and accepts repeated additions and absent removals", async () => {
      const [a = "", b = "", c = ""] = people;
      const group = await provisionGroup(tenant.store, tenant.writer, engineers, [a, a]);
      await updateProvisionedGroup(tenant.store, tenant.writer, group.id, {
        steps: [
          { kind: "add", userIds: [a, b] },
          { kind: "remove", userIds: [c, "ghost"] },
          { kind: "add", userIds: [c] },
          { kind: "remove", userIds: [a] },
        ],
      });
      assert.deepEqual(await members(group.id), [b, c].sort());
      await updateProvisionedGroup(tenant.store, tenant.writer, group.id, {
        steps: [{ kind: "replace", userIds: [a] }],
      });
      assert.deepEqual(await members(group.id), [a]);
      await updateProvisionedGroup(tenant.store, tenant.writer, group.id, {
        steps: [{ kind: "replace", userIds: [] }],
      });
      assert.deepEqual(await members(group.id), []);
    });

    it("rolls everything back if the last step has an unknown user", async () => {
      const group = await provisionGroup(tenant.store, tenant.writer, engineers, people);
      const change = updateProvisionedGroup(tenant.store, tenant.writer, group.id, {
        changes: { displayName: "Renamed" },
        steps: [
          { kind: "replace", userIds: [] },
          { kind: "add", userIds: ["ghost"] },
        ],
      });
      await assert.rejects(change, InvalidError);
      assert.equal((await tenant.store.groups.byId(group.id))?.displayName, "Engineers");
      assert.deepEqual(await members(group.id), people);
    });

    it("keeps the members on a rename", async () => {
      const group = await provisionGroup(tenant.store, tenant.writer, engineers, people);
      const renamed = await updateProvisionedGroup(tenant.store, tenant.writer, group.id, {
        changes: { displayName: "Builders" },
      });
      assert.deepEqual([renamed.displayName, renamed.version], ["Builders", group.version + 1]);
      assert.deepEqual(await members(group.id), people);
    });

    it("refuses another source unless the tenant allows adoption", async () => {
      const group = await provisionGroup(tenant.store, tenant.writer, engineers, []);
      const source = await tenant.store.sources.create({ id: `s-${tenant.tenant.id}`, name: "second" });
      const second = { ...tenant.writer, source };
      await assert.rejects(
        updateProvisionedGroup(tenant.store, second, group.id, {}),
        conflict("other-source"),
      );
      await assert.rejects(deleteProvisionedGroup(tenant.store, second, group.id), conflict("other-source"));
      await deleteProvisionedGroup(tenant.store, { ...second, sourceConflict: "adopt" }, group.id);
      await assert.rejects(deleteProvisionedGroup(tenant.store, tenant.writer, group.id), NotFoundError);
    });

    it("keeps the members of a deleted group as users", async () => {
      const group = await provisionGroup(tenant.store, tenant.writer, engineers, people);
      await deleteProvisionedGroup(tenant.store, tenant.writer, group.id);
      assert.equal(await tenant.store.users.count(), people.length);
    });

    it("gives members of a mapped group its role until they leave", async () => {
      const [a = ""] = people;
      const group = await provisionGroup(tenant.store, tenant.writer, engineers, [a]);
      await tenant.store.roles.mapGroup(group.id, "admin");
      assert.equal(await tenant.store.roles.effective(a), "admin");
      assert.deepEqual(await tenant.store.roles.grantsOf(a), [
        { role: "admin", source: "group", sourceId: group.id },
      ]);
      await updateProvisionedGroup(tenant.store, tenant.writer, group.id, {
        steps: [{ kind: "remove", userIds: [a] }],
      });
      assert.equal(await tenant.store.roles.effective(a), "member");
    });

    it("lets each source change only its own grants", async () => {
      const [a = ""] = people;
      await grantRole(tenant.store, a, "admin");
      await setProvisionedRoles(tenant.store, a, ["admin"]);
      await setProvisionedRoles(tenant.store, a, []);
      assert.deepEqual(await tenant.store.roles.grantsOf(a), [
        { role: "admin", source: "manual", sourceId: null },
      ]);
      await setProvisionedRoles(tenant.store, a, ["admin"]);
      await revokeRole(tenant.store, a, "admin");
      assert.deepEqual(await tenant.store.roles.grantsOf(a), [
        { role: "admin", source: "scim", sourceId: null },
      ]);
    });

    it("never revokes the role of the last owner who can sign in", async () => {
      const owner = await createLocalAccount(tenant.store, "owner@x.test", "owner");
      await assert.rejects(revokeRole(tenant.store, owner.id, "owner"), conflict("last-owner"));
      const blocked = await createLocalAccount(tenant.store, "blocked@x.test", "owner");
      await tenant.store.users.update(blocked.id, { blocked: true });
      await assert.rejects(revokeRole(tenant.store, owner.id, "owner"), conflict("last-owner"));
      await createLocalAccount(tenant.store, "second@x.test", "owner");
      await revokeRole(tenant.store, owner.id, "owner");
      assert.equal(await tenant.store.roles.effective(owner.id), "member");
    });
  });

  it("orders roles from member to admin to owner", () => {
    assert.deepEqual(
      [
        atLeast("owner", "admin"),
        atLeast("admin", "admin"),
        atLeast("member", "admin"),
        atLeast("admin", "owner"),
      ],
      [true, true, false, false],
    );
  });
});
