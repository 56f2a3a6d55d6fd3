import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import {
  type Administrator,
  blockPerson,
  deletePerson,
  giveGroupRole,
  giveRole,
  liftTombstone,
  signOutPerson,
  unblockPerson,
  unlinkIdentity,
} from "../../src/directory/administration.ts";
import { signInWithPassword } from "../../src/directory/local-accounts.ts";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import { NotFoundError } from "../../src/errors.ts";
import type { Connection, User } from "../../src/model.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import {
  createLocalAccount,
  createTestTenant,
  identityOf,
  provisioned,
  type TestTenant,
  testPassword,
  testPasswords,
} from "../helpers/people.ts";
import { conflict, refused } from "../helpers/thrown.ts";

describe("administration of people", () => {
  onEachDatabase((use) => {
    let tenant: TestTenant;
    let store: TenantStore;
    let connection: Connection;
    let [ownerUser, adminUser, member]: User[] = [];
    let owner: Administrator;
    let admin: Administrator;
    const someone = () => member as User;

    beforeEach(async () => {
      tenant = await createTestTenant(use().database);
      store = tenant.store;
      connection = await tenant.connection();
      ownerUser = await createLocalAccount(store, "owner@x.test", "owner");
      adminUser = await createLocalAccount(store, "admin@x.test", "admin");
      member = await createLocalAccount(store, "member@x.test");
      owner = { userId: ownerUser.id };
      admin = { userId: adminUser.id };
    });

    const comeJustInTime = async (loginName: string) =>
      (await signIn(store, identityOf(connection, loginName))).user;

    const acts: Record<string, (by: Administrator, userId: string) => Promise<unknown>> = {
      block: (by, id) => blockPerson(store, by, id),
      unblock: (by, id) => unblockPerson(store, by, id),
      "sign out": (by, id) => signOutPerson(store, by, id),
      demote: (by, id) => giveRole(store, by, id, "member"),
      promote: (by, id) => giveRole(store, by, id, "admin"),
      "unlink an identity of": (by, id) =>
        unlinkIdentity(store, by, id, { connectionId: connection.id, subject: "x" }),
      delete: (by, id) => deletePerson(store, by, id, false),
    };
    for (const [name, act] of Object.entries(acts)) {
      it(`does not let an admin ${name} an owner`, async () => {
        const before = await store.users.byId(owner.userId);
        await assert.rejects(act(admin, owner.userId), conflict("owners-only"));
        assert.deepEqual(await store.users.byId(owner.userId), before);
        assert.equal(await store.roles.effective(owner.userId), "owner");
      });

      it(`fails to ${name} an unknown person`, async () => {
        await assert.rejects(act(owner, randomUUID()), NotFoundError);
      });
    }

    it("signs a blocked person out and refuses them until they are unblocked", async () => {
      const ada = await comeJustInTime("ada@x.test");
      await blockPerson(store, admin, ada.id);
      assert.equal((await store.users.byId(ada.id))?.accessEpoch, ada.accessEpoch + 1);
      await assert.rejects(comeJustInTime("ada@x.test"), refused("user-blocked"));
      await unblockPerson(store, admin, ada.id);
      assert.equal((await comeJustInTime("ada@x.test")).id, ada.id);
    });

    it("does not let administrators block or delete themselves", async () => {
      const ada = await comeJustInTime("ada@x.test");
      await assert.rejects(blockPerson(store, admin, admin.userId), conflict("yourself"));
      await store.roles.grant(ada.id, "admin");
      await assert.rejects(deletePerson(store, { userId: ada.id }, ada.id, true), conflict("yourself"));
    });

    it("refuses to remove the last owner, even if an owner asks", async () => {
      await assert.rejects(giveRole(store, owner, owner.userId, "member"), conflict("last-owner"));
      const second = await createLocalAccount(store, "second@x.test", "owner");
      await giveRole(store, owner, owner.userId, "admin");
      assert.deepEqual(
        [await store.roles.effective(owner.userId), await store.roles.effective(second.id)],
        ["admin", "owner"],
      );
    });

    it("lets only an owner make an owner", async () => {
      await assert.rejects(giveRole(store, admin, someone().id, "owner"), conflict("owners-only"));
      assert.equal(await store.roles.effective(someone().id), "member");
      await giveRole(store, owner, someone().id, "owner");
      assert.equal(await store.roles.effective(someone().id), "owner");
    });

    it("replaces a manual role and keeps the grants of other sources", async () => {
      await store.roles.replace(someone().id, "scim", null, ["admin"]);
      await giveRole(store, owner, someone().id, "owner");
      await giveRole(store, owner, someone().id, "admin");
      const of = async () =>
        (await store.roles.grantsOf(someone().id)).map(({ role, source }) => `${role} by ${source}`);
      assert.deepEqual((await of()).sort(), ["admin by manual", "admin by scim"]);
      await giveRole(store, admin, someone().id, "member");
      assert.deepEqual(await of(), ["admin by scim"]);
    });

    it("gives members a group's role for as long as the group has it", async () => {
      const group = { id: randomUUID(), displayName: "Admins", sourceId: null, sourceKey: null };
      await store.groups.create(group);
      await store.groupMembers.add(group.id, [someone().id]);
      await giveGroupRole(store, group.id, "admin");
      assert.equal(await store.roles.effective(someone().id), "admin");
      await giveGroupRole(store, group.id, "member");
      assert.equal(await store.roles.effective(someone().id), "member");
      await assert.rejects(giveGroupRole(store, randomUUID(), "admin"), NotFoundError);
    });

    describe("unlinking", () => {
      const subject = "subject-of-ada@x.test";
      const unlink = (userId: string) =>
        unlinkIdentity(store, owner, userId, { connectionId: connection.id, subject });

      it("ends sessions and claim roles; provisioned people can link again", async () => {
        const ada = await provisionUser(store, tenant.writer, provisioned("ada@x.test"));
        await signIn(store, identityOf(connection, "ada@x.test", { roles: ["admin"] }));
        await unlink(ada.id);
        assert.deepEqual(await store.identities.ofUser(ada.id), []);
        assert.equal(await store.roles.effective(ada.id), "member");
        assert.equal((await store.users.byId(ada.id))?.accessEpoch, ada.accessEpoch + 1);
        assert.equal((await comeJustInTime("ada@x.test")).id, ada.id);
      });

      it("keeps the connection's other subject and the roles of its claims", async () => {
        const ada = await provisionUser(store, tenant.writer, provisioned("ada@x.test"));
        await signIn(store, identityOf(connection, "ada@x.test", { roles: ["admin"] }));
        await store.identities.add(connection.id, "second", ada.id);
        await unlink(ada.id);
        assert.deepEqual(
          (await store.identities.ofUser(ada.id)).map(({ subject: left }) => left),
          ["second"],
        );
        assert.equal(await store.roles.effective(ada.id), "admin");
      });

      it("refuses to lock out the last owner, who has no other sign-in option", async () => {
        const ada = await comeJustInTime("ada@x.test");
        await store.roles.grant(ada.id, "owner");
        await store.roles.revoke(owner.userId, "owner");
        await assert.rejects(
          unlinkIdentity(store, { userId: ada.id }, ada.id, {
            connectionId: connection.id,
            subject,
          }),
          conflict("last-owner"),
        );
        await store.credentials.set(ada.id, "a hash");
        await unlinkIdentity(store, { userId: ada.id }, ada.id, {
          connectionId: connection.id,
          subject,
        });
      });

      it("works only for the person's own identities", async () => {
        const ada = await comeJustInTime("ada@x.test");
        await assert.rejects(unlink(someone().id), NotFoundError);
        assert.equal((await store.identities.ofUser(ada.id)).length, 1);
      });
    });

    describe("deleting", () => {
      it("lets a just-in-time person come back as a new user", async () => {
        const ada = await comeJustInTime("ada@x.test");
        await deletePerson(store, admin, ada.id, false);
        assert.equal(await store.users.byId(ada.id), null);
        assert.notEqual((await comeJustInTime("ada@x.test")).id, ada.id);
      });

      it("keeps them out by name and by subject until the tombstone is lifted", async () => {
        const ada = await comeJustInTime("ada@x.test");
        await deletePerson(store, admin, ada.id, true);
        await assert.rejects(comeJustInTime("ada@x.test"), refused("user-deleted"));
        const renamed = identityOf(connection, "other@x.test", { subject: "subject-of-ada@x.test" });
        await assert.rejects(signIn(store, renamed), refused("user-deleted"));
        const [tombstone = assert.fail()] = await store.tombstones.list();
        await liftTombstone(store, tombstone.id);
        await assert.rejects(liftTombstone(store, tombstone.id), NotFoundError);
        await comeJustInTime("ada@x.test");
      });

      it("refuses people whom provisioning manages", async () => {
        const ada = await provisionUser(store, tenant.writer, provisioned("ada@x.test"));
        await assert.rejects(deletePerson(store, owner, ada.id, true), conflict("not-just-in-time"));
      });

      it("deletes a local account that is no longer an owner, and frees its name for provisioning", async () => {
        const ada = await createLocalAccount(store, "ada@x.test", "owner");
        await assert.rejects(deletePerson(store, owner, ada.id, false), conflict("owner-protected"));
        await assert.rejects(comeJustInTime("ada@x.test"), refused("account-conflict"));
        await giveRole(store, owner, ada.id, "admin");
        await deletePerson(store, admin, ada.id, false);
        const anew = await comeJustInTime("ada@x.test");
        assert.notEqual(anew.id, ada.id);
        assert.equal(await store.roles.effective(anew.id), "member");
        await assert.rejects(
          signInWithPassword(store, testPasswords, { loginName: "ada@x.test", password: testPassword }),
          refused("bad-credentials"),
        );
      });

      it("refuses to delete the last owner", async () => {
        const ada = await comeJustInTime("ada@x.test");
        await store.roles.grant(ada.id, "owner");
        // The other owner cannot sign in, so Ada is the last.
        await store.credentials.remove(owner.userId);
        await assert.rejects(deletePerson(store, owner, ada.id, false), conflict("last-owner"));
      });
    });
  });
});
