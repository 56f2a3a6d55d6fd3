import assert from "node:assert/strict";
import { blockUser, revokeUserAccess } from "../../src/directory/access.ts";
import { inviteOwner } from "../../src/directory/local-accounts.ts";
import {
  deleteProvisionedUser,
  provisionUser,
  updateProvisionedUser,
} from "../../src/directory/provisioning.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import { NotFoundError } from "../../src/errors.ts";
import { sessionStore } from "../../src/store/session-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import {
  createLocalAccount,
  createTestTenant,
  identityOf,
  loginNameConnection,
  provisioned,
  type TestTenant,
} from "../helpers/people.ts";
import { conflict } from "../helpers/thrown.ts";

describe("provisioning", () => {
  onEachDatabase((use) => {
    let tenant: TestTenant;

    beforeEach(async () => {
      tenant = await createTestTenant(use().database);
    });

    async function justInTime(loginName: string) {
      return (await signIn(tenant.store, identityOf(await tenant.connection(), loginName))).user;
    }

    async function secondSource() {
      return {
        ...tenant.writer,
        source: await tenant.store.sources.create({ id: `second-${tenant.tenant.id}`, name: "second" }),
      };
    }

    describe("creating", () => {
      it("refuses a taken login name, ignoring case, even of an inactive user", async () => {
        await provisionUser(tenant.store, tenant.writer, provisioned("active@x.test"));
        await provisionUser(tenant.store, tenant.writer, provisioned("inactive@x.test", { active: false }));
        await justInTime("jit@x.test");
        await createLocalAccount(tenant.store, "local@x.test");
        for (const name of ["Active@x.test", "INACTIVE@x.test", "JIT@x.test", "Local@x.test"]) {
          await assert.rejects(
            provisionUser(tenant.store, tenant.writer, provisioned(name)),
            conflict("login-name-taken"),
          );
        }
        assert.equal(await tenant.store.users.count(), 4, "a refused creation is not counted");
      });

      it("keeps the given case, and allows the name in another tenant", async () => {
        const other = await createTestTenant(use().database);
        await provisionUser(other.store, other.writer, provisioned("Ada@X.test"));
        const user = await provisionUser(tenant.store, tenant.writer, provisioned("Ada@X.test"));
        assert.deepEqual(
          [user.loginName, user.origin, user.sourceId],
          ["Ada@X.test", "scim", tenant.writer.source.id],
        );
      });

      it("allows the same source key to several users, of one source or of two", async () => {
        const second = await secondSource();
        for (const [name, writer] of [
          ["a@x.test", tenant.writer],
          ["b@x.test", tenant.writer],
          ["c@x.test", second],
        ] as const) {
          const { sourceKey } = await provisionUser(
            tenant.store,
            writer,
            provisioned(name, { sourceKey: "k" }),
          );
          assert.equal(sourceKey, "k");
        }
        const other = await provisionUser(tenant.store, tenant.writer, provisioned("d@x.test"));
        const change = { sourceKey: "k" };
        const { user } = await updateProvisionedUser(tenant.store, tenant.writer, other.id, change);
        assert.equal(user.sourceKey, "k");
      });
    });

    describe("changing", () => {
      it("adopts a just-in-time user with its id and identities", async () => {
        const user = await justInTime("ada@x.test");
        const change = await updateProvisionedUser(tenant.store, tenant.writer, user.id, {
          sourceKey: "k",
          givenName: "A",
        });
        assert.equal(change.adopted, true);
        const { id, origin, sourceKey, givenName } = change.user;
        assert.deepEqual(
          { id, origin, sourceKey, givenName },
          { id: user.id, origin: "scim", sourceKey: "k", givenName: "A" },
        );
        assert.equal((await tenant.store.identities.ofUser(user.id)).length, 1);
        assert.equal((await updateProvisionedUser(tenant.store, tenant.writer, user.id, {})).adopted, false);
      });

      it("never adopts, changes or deletes a local account", async () => {
        const owner = await createLocalAccount(tenant.store, "owner@x.test", "owner");
        await inviteOwner(tenant.store, "invited@x.test");
        const invited = await tenant.store.users.byLoginName("invited@x.test");
        for (const id of [owner.id, invited?.id ?? ""]) {
          const before = await tenant.store.users.byId(id);
          const change = updateProvisionedUser(tenant.store, tenant.writer, id, { active: false });
          await assert.rejects(change, conflict("local-account"));
          await assert.rejects(
            deleteProvisionedUser(tenant.store, tenant.writer, id),
            conflict("local-account"),
          );
          assert.deepEqual(await tenant.store.users.byId(id), before);
        }
      });

      it("refuses another source unless the tenant allows adoption", async () => {
        const user = await provisionUser(
          tenant.store,
          tenant.writer,
          provisioned("ada@x.test", { sourceKey: "k" }),
        );
        const second = await secondSource();
        await assert.rejects(
          updateProvisionedUser(tenant.store, second, user.id, {}),
          conflict("other-source"),
        );
        await assert.rejects(deleteProvisionedUser(tenant.store, second, user.id), conflict("other-source"));
        const adopting = { ...second, sourceConflict: "adopt" as const };
        const { user: adopted } = await updateProvisionedUser(tenant.store, adopting, user.id, {});
        assert.deepEqual([adopted.sourceId, adopted.sourceKey], [second.source.id, null]);
      });

      it("throws NotFoundError for an unknown user and for one of another tenant", async () => {
        const other = await createTestTenant(use().database);
        const user = await provisionUser(other.store, other.writer, provisioned("ada@x.test"));
        for (const id of ["unknown", user.id]) {
          await assert.rejects(updateProvisionedUser(tenant.store, tenant.writer, id, {}), NotFoundError);
          await assert.rejects(deleteProvisionedUser(tenant.store, tenant.writer, id), NotFoundError);
        }
      });

      it("deactivates: sessions end, and the user can be activated again", async () => {
        const user = await provisionUser(tenant.store, tenant.writer, provisioned("ada@x.test"));
        const signedIn = {
          tenantId: tenant.tenant.id,
          userId: user.id,
          accessEpoch: user.accessEpoch,
          connectionId: null,
        };
        const sessions = sessionStore(use().database);
        assert.ok(await sessions.person(signedIn));
        await updateProvisionedUser(tenant.store, tenant.writer, user.id, { active: false });
        assert.equal(await sessions.person(signedIn), null);
        const { user: again } = await updateProvisionedUser(tenant.store, tenant.writer, user.id, {
          active: true,
        });
        assert.deepEqual([again.id, again.active], [user.id, true]);
        assert.equal(await sessions.person(signedIn), null, "what was revoked stays revoked");
      });

      it("deactivates an owner too, and says if it was the last", async () => {
        const make = async (name: string) => {
          const user = await provisionUser(tenant.store, tenant.writer, provisioned(name));
          await tenant.store.roles.grant(user.id, "owner");
          return user;
        };
        const [first, second] = [await make("a@x.test"), await make("b@x.test")];
        const off = { active: false };
        assert.equal(
          (await updateProvisionedUser(tenant.store, tenant.writer, first.id, off)).lastOwnerLost,
          false,
        );
        assert.equal(
          (await updateProvisionedUser(tenant.store, tenant.writer, second.id, off)).lastOwnerLost,
          true,
        );
      });

      it("cannot lift a block", async () => {
        const user = await provisionUser(tenant.store, tenant.writer, provisioned("ada@x.test"));
        await blockUser(tenant.store, user.id);
        const { user: after } = await updateProvisionedUser(tenant.store, tenant.writer, user.id, {
          active: true,
        });
        assert.equal(after.blocked, true);
      });
    });

    describe("renaming", () => {
      it("moves identities by login name, so the old name's next holder is another person", async () => {
        const byName = await loginNameConnection(tenant);
        const user = await provisionUser(tenant.store, tenant.writer, provisioned("old@x.test"));
        await signIn(tenant.store, identityOf(byName, "old@x.test", { subject: "Old@x.test" }));
        await updateProvisionedUser(tenant.store, tenant.writer, user.id, { loginName: "New@x.test" });
        const same = await signIn(tenant.store, identityOf(byName, "new@x.test", { subject: "new@x.test" }));
        assert.deepEqual([same.by, same.user.id], ["identity", user.id]);
        const next = await provisionUser(tenant.store, tenant.writer, provisioned("old@x.test"));
        const other = await signIn(tenant.store, identityOf(byName, "old@x.test", { subject: "old@x.test" }));
        assert.equal(other.user.id, next.id);
      });

      it("removes the new name's subject from its former holder", async () => {
        const { store, writer } = tenant;
        const byName = await loginNameConnection(tenant);
        const user = await provisionUser(store, writer, provisioned("old@x.test"));
        const former = await provisionUser(store, writer, provisioned("former@x.test"));
        await store.identities.add(byName.id, "old@x.test", user.id);
        await store.identities.add(byName.id, "new@x.test", former.id);
        await updateProvisionedUser(store, writer, user.id, { loginName: "new@x.test" });
        const signedIn = await signIn(store, identityOf(byName, "new@x.test", { subject: "new@x.test" }));
        assert.equal(signedIn.user.id, user.id);
        assert.deepEqual(await store.identities.ofUser(former.id), []);
      });

      it("keeps an identity whose subject is not the old name", async () => {
        const { store, writer } = tenant;
        const byName = await loginNameConnection(tenant);
        const user = await provisionUser(store, writer, provisioned("old@x.test"));
        await store.identities.add(byName.id, "e-4711", user.id);
        await updateProvisionedUser(store, writer, user.id, { loginName: "new@x.test" });
        assert.deepEqual(
          (await store.identities.ofUser(user.id)).map(({ subject }) => subject),
          ["e-4711"],
        );
      });

      it("keeps identities with other kinds of subject", async () => {
        const oidc = await tenant.connection();
        const user = await provisionUser(tenant.store, tenant.writer, provisioned("old@x.test"));
        await signIn(tenant.store, identityOf(oidc, "old@x.test", { subject: "old@x.test" }));
        await updateProvisionedUser(tenant.store, tenant.writer, user.id, { loginName: "new@x.test" });
        assert.equal((await tenant.store.identities.ofUser(user.id))[0]?.subject, "old@x.test");
      });

      it("refuses a taken name and changes nothing", async () => {
        await provisionUser(tenant.store, tenant.writer, provisioned("taken@x.test"));
        const user = await provisionUser(tenant.store, tenant.writer, provisioned("ada@x.test"));
        const change = updateProvisionedUser(tenant.store, tenant.writer, user.id, {
          loginName: "TAKEN@x.test",
          givenName: "X",
        });
        await assert.rejects(change, conflict("login-name-taken"));
        assert.deepEqual(await tenant.store.users.byId(user.id), user);
      });
    });

    it("deletes a user with all dependent rows and leaves a tombstone", async () => {
      const user = await justInTime("ada@x.test");
      await updateProvisionedUser(tenant.store, tenant.writer, user.id, {});
      await revokeUserAccess(tenant.store, user.id);
      await deleteProvisionedUser(tenant.store, tenant.writer, user.id);
      assert.equal(await tenant.store.users.byId(user.id), null);
      assert.deepEqual(await tenant.store.identities.ofUser(user.id), []);
      assert.equal(await tenant.store.users.count(), 0);
      assert.deepEqual(
        (await tenant.store.tombstones.list()).map(({ loginName }) => loginName),
        ["ada@x.test"],
      );
      await assert.rejects(deleteProvisionedUser(tenant.store, tenant.writer, user.id), NotFoundError);
    });

    it("lifts the tombstone if the person is created again", async () => {
      const { store, writer } = tenant;
      const user = await provisionUser(store, writer, provisioned("ada@x.test"));
      await deleteProvisionedUser(store, writer, user.id);
      await provisionUser(store, writer, provisioned("ADA@x.test"));
      assert.deepEqual(await store.tombstones.list(), []);
    });
  });
});
