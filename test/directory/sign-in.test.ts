import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { blockUser } from "../../src/directory/access.ts";
import { disableConnectionUnguarded, enableConnection } from "../../src/directory/connections.ts";
import {
  deleteProvisionedUser,
  provisionUser,
  updateProvisionedUser,
} from "../../src/directory/provisioning.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import type { Connection, User } from "../../src/model.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import {
  createLocalAccount,
  createTestTenant,
  identityOf,
  loginNameConnection,
  newUser,
  provisioned,
  type TestTenant,
} from "../helpers/people.ts";
import { refusedWith } from "../helpers/refused.ts";

describe("signIn", () => {
  onEachDatabase((use) => {
    let tenant: TestTenant;
    /** Its subjects are the provisioning client's keys, as with OIDC at Okta. */
    let oidc: Connection;
    /** Its subjects are login names. */
    let byName: Connection;

    beforeEach(async () => {
      tenant = await createTestTenant(use().database);
      oidc = await tenant.connection();
      byName = await loginNameConnection(tenant);
    });

    it("recognises a person by connection and subject, even if the login name changed", async () => {
      const first = await signIn(tenant.store, identityOf(oidc, "ada@x.test", { subject: "s" }));
      const second = await signIn(tenant.store, identityOf(oidc, "countess@x.test", { subject: "s" }));
      assert.deepEqual([second.by, second.user.id], ["identity", first.user.id]);
    });

    it("remembers on the connection when a person was first known to get in", async () => {
      const admittedAt = async () => (await tenant.store.connections.byId(oidc.id))?.admittedAt;
      assert.equal(await admittedAt(), null);
      await signIn(tenant.store, identityOf(oidc, "ada@x.test"));
      const first = await admittedAt();
      assert.ok(first);
      await signIn(tenant.store, identityOf(oidc, "bob@x.test"));
      assert.equal(await admittedAt(), first);
    });

    it("treats the same subject on two connections as two people", async () => {
      const first = await signIn(tenant.store, identityOf(oidc, "ada@x.test", { subject: "s" }));
      const second = await signIn(tenant.store, identityOf(byName, "bob@x.test", { subject: "s" }));
      assert.notEqual(second.user.id, first.user.id);
    });

    it("links the provisioned user whose source key is the subject, regardless of the login name", async () => {
      const user = await provisionUser(
        tenant.store,
        tenant.writer,
        provisioned("ada@x.test", { sourceKey: "00u1" }),
      );
      const result = await signIn(tenant.store, identityOf(oidc, "renamed@x.test", { subject: "00u1" }));
      assert.deepEqual([result.by, result.user.id], ["source-key", user.id]);
      assert.equal(
        (await signIn(tenant.store, identityOf(oidc, "x@x.test", { subject: "00u1" }))).by,
        "identity",
      );
    });

    it("does not match a subject with source keys if subjects are login names", async () => {
      await provisionUser(
        tenant.store,
        tenant.writer,
        provisioned("ada@x.test", { sourceKey: "bob@x.test" }),
      );
      const result = await signIn(tenant.store, identityOf(byName, "bob@x.test", { subject: "bob@x.test" }));
      assert.equal(result.by, "just-in-time");
    });

    it("links by source key only if a single source uses the key", async () => {
      const second = await tenant.store.sources.create({ id: "second", name: "second" });
      await provisionUser(tenant.store, tenant.writer, provisioned("a@x.test", { sourceKey: "00u1" }));
      await provisionUser(
        tenant.store,
        { ...tenant.writer, source: second },
        provisioned("b@x.test", { sourceKey: "00u1" }),
      );
      const result = await signIn(tenant.store, identityOf(oidc, "c@x.test", { subject: "00u1" }));
      assert.equal(result.by, "just-in-time");
    });

    describe("with a source key that two people of one source have", () => {
      const key = { sourceKey: "mailnick" };
      const asKey = (loginName: string) => identityOf(oidc, loginName, { subject: "mailnick" });
      let users: User[];
      beforeEach(async () => {
        const { store, writer } = tenant;
        users = [
          await provisionUser(store, writer, provisioned("a@x.test", key)),
          await provisionUser(store, writer, provisioned("b@x.test", key)),
        ];
      });

      it("links neither by the key, but the one who has the login name", async () => {
        const { by, user } = await signIn(tenant.store, asKey("b@x.test"));
        assert.deepEqual([by, user.id], ["login-name", users[1]?.id]);
        assert.equal((await signIn(tenant.store, asKey("a@x.test"))).by, "identity");
      });

      it("refuses a login name that neither has, if the connection creates no one", async () => {
        const strict = await tenant.connection({ justInTime: false });
        const identity = identityOf(strict, "c@x.test", { subject: "mailnick" });
        await assert.rejects(signIn(tenant.store, identity), refusedWith("just-in-time-off"));
        for (const { id } of users) assert.deepEqual(await tenant.store.identities.ofUser(id), []);
      });

      it("counts an inactive and a blocked one", async () => {
        const [a, b] = users as [User, User];
        await updateProvisionedUser(tenant.store, tenant.writer, a.id, { active: false });
        await blockUser(tenant.store, a.id);
        assert.equal((await signIn(tenant.store, asKey("c@x.test"))).by, "just-in-time");
        assert.deepEqual(await tenant.store.identities.ofUser(b.id), []);
      });

      it("links by the key again once one of them has another key", async () => {
        const [a, b] = users as [User, User];
        await updateProvisionedUser(tenant.store, tenant.writer, a.id, { sourceKey: "other" });
        const { by, user } = await signIn(tenant.store, asKey("c@x.test"));
        assert.deepEqual([by, user.id], ["source-key", b.id]);
      });
    });

    it("never links a local account by source key", async () => {
      const { store, writer } = tenant;
      const keyed = { origin: "local" as const, sourceId: writer.source.id, sourceKey: "00u1" };
      await store.users.create(newUser("owner@x.test", keyed));
      const result = await signIn(store, identityOf(oidc, "c@x.test", { subject: "00u1" }));
      assert.equal(result.by, "just-in-time");
    });

    it("never links by source key if the connection knows the user by another subject", async () => {
      const { store, writer } = tenant;
      const user = await provisionUser(store, writer, provisioned("ada@x.test", { sourceKey: "00u1" }));
      await signIn(store, identityOf(oidc, "ada@x.test", { subject: "00u1" }));
      await updateProvisionedUser(store, writer, user.id, { sourceKey: "00u2" });
      const result = await signIn(store, identityOf(oidc, "eve@x.test", { subject: "00u2" }));
      assert.deepEqual([result.by, result.user.id === user.id], ["just-in-time", false]);
    });

    it("waits for a concurrent adoption and does not overwrite what provisioning then manages", async () => {
      const { store, writer } = tenant;
      const external = identityOf(oidc, "ada@x.test", { subject: "s" });
      const { user } = await signIn(store, external);
      let adopt = () => {};
      const adopting = new Promise<void>((resolve) => {
        adopt = resolve;
      });
      let begun = () => {};
      const changing = new Promise<void>((resolve) => {
        begun = resolve;
      });
      const adoption = store.transaction(async (inside) => {
        await updateProvisionedUser(inside, writer, user.id, { givenName: "From Okta" });
        begun();
        await adopting;
      });
      await changing;
      const again = signIn(store, { ...external, profile: { ...external.profile, givenName: "Old" } });
      // PostgreSQL reads the user meanwhile; SQLite waits for the write lock.
      await sleep(100);
      adopt();
      await adoption;
      const { givenName, origin } = (await again).user;
      assert.deepEqual([givenName, origin], ["From Okta", "scim"]);
      assert.equal((await store.users.byId(user.id))?.givenName, "From Okta");
    });

    it("links the provisioned user with the same login name, ignoring case", async () => {
      const user = await provisionUser(tenant.store, tenant.writer, provisioned("Ärger@x.test"));
      const result = await signIn(tenant.store, identityOf(byName, "ÄRGER@X.TEST"));
      assert.deepEqual([result.by, result.user.id], ["login-name", user.id]);
    });

    it("refuses a second connection that claims the login name of a linked user", async () => {
      await provisionUser(tenant.store, tenant.writer, provisioned("ada@x.test"));
      await signIn(tenant.store, identityOf(byName, "ada@x.test", { subject: "ada@x.test" }));
      const claim = identityOf(oidc, "ada@x.test", { subject: "00u-other" });
      await assert.rejects(signIn(tenant.store, claim), refusedWith("account-conflict"));
    });

    it("refuses another subject of the same connection that claims the login name", async () => {
      await provisionUser(tenant.store, tenant.writer, provisioned("ada@x.test"));
      await signIn(tenant.store, identityOf(oidc, "ada@x.test", { subject: "first" }));
      const claim = identityOf(oidc, "ada@x.test", { subject: "second" });
      await assert.rejects(signIn(tenant.store, claim), refusedWith("account-conflict"));
    });

    it("never links a local account by login name", async () => {
      await createLocalAccount(tenant.store, "owner@x.test", "owner");
      for (const connection of [oidc, byName]) {
        const claim = identityOf(connection, "OWNER@x.test");
        await assert.rejects(signIn(tenant.store, claim), refusedWith("account-conflict"));
      }
      assert.equal(await tenant.store.users.count(), 1);
    });

    it("refuses the login name of a just-in-time user of another connection", async () => {
      await signIn(tenant.store, identityOf(oidc, "ada@x.test"));
      await assert.rejects(
        signIn(tenant.store, identityOf(byName, "ada@x.test")),
        refusedWith("account-conflict"),
      );
    });

    it("creates a user just in time with the identity provider's profile", async () => {
      const { user, by } = await signIn(tenant.store, identityOf(oidc, "Ada@x.test"));
      assert.equal(by, "just-in-time");
      const { loginName, givenName, familyName, email, origin, active } = user;
      assert.deepEqual(
        { loginName, givenName, familyName, email, origin, active },
        {
          loginName: "Ada@x.test",
          givenName: "Ada",
          familyName: "Lovelace",
          email: "Ada@x.test",
          origin: "just-in-time",
          active: true,
        },
      );
      assert.deepEqual(user.attributes, {
        name: { givenName: "Ada", familyName: "Lovelace" },
        emails: [{ value: "Ada@x.test", type: "work", primary: true }],
      });
      assert.equal(await tenant.store.roles.effective(user.id), "member");
    });

    it("creates no user if the connection does not allow it", async () => {
      const strict = await tenant.connection({ justInTime: false });
      await assert.rejects(
        signIn(tenant.store, identityOf(strict, "ada@x.test")),
        refusedWith("just-in-time-off"),
      );
      assert.equal(await tenant.store.users.count(), 0);
    });

    it("refuses a deleted person by login name and by subject until they are provisioned again", async () => {
      const user = await provisionUser(tenant.store, tenant.writer, provisioned("ada@x.test"));
      await signIn(tenant.store, identityOf(oidc, "ada@x.test", { subject: "s" }));
      await deleteProvisionedUser(tenant.store, tenant.writer, user.id);
      const byLoginName = identityOf(byName, "ADA@x.test");
      const bySubject = identityOf(oidc, "new-name@x.test", { subject: "s" });
      await assert.rejects(signIn(tenant.store, byLoginName), refusedWith("user-deleted"));
      await assert.rejects(signIn(tenant.store, bySubject), refusedWith("user-deleted"));
      const again = await provisionUser(tenant.store, tenant.writer, provisioned("ada@x.test"));
      assert.notEqual(again.id, user.id);
      assert.equal((await signIn(tenant.store, identityOf(byName, "ada@x.test"))).user.id, again.id);
    });

    it("creates a deleted person just in time once the tombstone is lifted", async () => {
      const user = await provisionUser(tenant.store, tenant.writer, provisioned("ada@x.test"));
      await deleteProvisionedUser(tenant.store, tenant.writer, user.id);
      const [tombstone] = await tenant.store.tombstones.list();
      await tenant.store.tombstones.lift(tombstone?.id ?? "");
      assert.equal((await signIn(tenant.store, identityOf(oidc, "ada@x.test"))).by, "just-in-time");
    });

    it("refuses an inactive user, whether found by key or by name, and links nothing", async () => {
      const user = await provisionUser(
        tenant.store,
        tenant.writer,
        provisioned("ada@x.test", { sourceKey: "00u1", active: false }),
      );
      for (const identity of [
        identityOf(oidc, "x@x.test", { subject: "00u1" }),
        identityOf(byName, "ada@x.test"),
      ]) {
        await assert.rejects(signIn(tenant.store, identity), refusedWith("user-inactive"));
      }
      assert.deepEqual(await tenant.store.identities.ofUser(user.id), []);
    });

    it("refuses a blocked user even if a provisioning client activates them", async () => {
      const user = await provisionUser(tenant.store, tenant.writer, provisioned("ada@x.test"));
      await blockUser(tenant.store, user.id);
      await updateProvisionedUser(tenant.store, tenant.writer, user.id, { active: true });
      await assert.rejects(
        signIn(tenant.store, identityOf(byName, "ada@x.test")),
        refusedWith("user-blocked"),
      );
    });

    for (const status of ["draft", "disabled"] as const) {
      it(`refuses all sign-ins while the connection is ${status}`, async () => {
        await signIn(tenant.store, identityOf(oidc, "ada@x.test"));
        if (status === "disabled") await disableConnectionUnguarded(tenant.store, oidc.id);
        else await tenant.store.connections.update(oidc.id, { status });
        await assert.rejects(
          signIn(tenant.store, identityOf(oidc, "ada@x.test")),
          refusedWith("connection-not-active"),
        );
        await enableConnection(tenant.store, oidc.id);
        assert.equal((await signIn(tenant.store, identityOf(oidc, "ada@x.test"))).by, "identity");
      });
    }

    it("does not know the people and connections of another tenant", async () => {
      const other = await createTestTenant(use().database);
      const foreign = await other.connection();
      await signIn(other.store, identityOf(foreign, "ada@x.test", { subject: "s" }));
      await assert.rejects(
        signIn(tenant.store, identityOf(foreign, "ada@x.test", { subject: "s" })),
        refusedWith("connection-not-active"),
      );
      assert.equal(
        (await signIn(tenant.store, identityOf(oidc, "ada@x.test", { subject: "s" }))).by,
        "just-in-time",
      );
    });

    it("updates the profile of just-in-time users only", async () => {
      const profile = {
        givenName: "Augusta",
        familyName: "King",
        displayName: "Countess",
        email: "new@x.test",
      };
      await signIn(tenant.store, identityOf(oidc, "ada@x.test", { subject: "jit" }));
      const { user } = await signIn(
        tenant.store,
        identityOf(oidc, "augusta@x.test", { subject: "jit", profile }),
      );
      assert.deepEqual(
        [user.givenName, user.email, user.loginName],
        ["Augusta", "new@x.test", "augusta@x.test"],
      );
      await provisionUser(tenant.store, tenant.writer, provisioned("bob@x.test", { givenName: "Bob" }));
      const managed = await signIn(tenant.store, identityOf(byName, "bob@x.test", { profile }));
      assert.deepEqual([managed.user.givenName, managed.user.email], ["Bob", null]);
    });

    it("keeps the old login name if the new one is taken, and still signs in", async () => {
      await provisionUser(tenant.store, tenant.writer, provisioned("taken@x.test"));
      await signIn(tenant.store, identityOf(oidc, "ada@x.test", { subject: "jit" }));
      const { user } = await signIn(tenant.store, identityOf(oidc, "taken@x.test", { subject: "jit" }));
      assert.equal(user.loginName, "ada@x.test");
    });

    it("grants exactly the roles of a mapped claim, for as long as it is sent", async () => {
      const identity = identityOf(oidc, "ada@x.test");
      const { user } = await signIn(tenant.store, { ...identity, roles: ["admin"] });
      assert.equal(await tenant.store.roles.effective(user.id), "admin");
      await signIn(tenant.store, identity);
      assert.equal(
        await tenant.store.roles.effective(user.id),
        "admin",
        "a connection without a mapping changes no roles",
      );
      await signIn(tenant.store, { ...identity, roles: [] });
      assert.equal(await tenant.store.roles.effective(user.id), "member");
    });

    it("remembers the e-mail address of the last sign-in", async () => {
      const { user } = await signIn(tenant.store, identityOf(oidc, "ada@x.test"));
      const profile = { ...user, email: "other@x.test" };
      await signIn(tenant.store, identityOf(oidc, "ada@x.test", { profile }));
      const [identity] = await tenant.store.identities.ofUser(user.id);
      assert.equal(identity?.email, "other@x.test");
      assert.ok((identity?.lastSignInAt ?? 0) > Date.now() - 60_000);
    });

    it("creates one user if several first sign-ins race", async () => {
      const identity = identityOf(oidc, "ada@x.test");
      const results = await Promise.all(Array.from({ length: 5 }, () => signIn(tenant.store, identity)));
      assert.equal(new Set(results.map(({ user }) => user.id)).size, 1);
      assert.equal(await tenant.store.users.count(), 1);
    });
  });
});
