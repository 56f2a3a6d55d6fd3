import assert from "node:assert/strict";
import { blockPerson, giveRole, unlinkIdentity } from "../../src/directory/administration.ts";
import { changeSettings, disableConnection } from "../../src/directory/connections.ts";
import { inviteOwner, signInWithPassword } from "../../src/directory/local-accounts.ts";
import { approvableConnections, approvableOwners, approveOwner } from "../../src/directory/owners.ts";
import {
  deleteProvisionedUser,
  type ProvisionedUser,
  provisionUser,
  updateProvisionedUser,
} from "../../src/directory/provisioning.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import type { Connection, User } from "../../src/model.ts";
import { forTenant, type TenantStore } from "../../src/store/tenant-store.ts";
import { onEachDatabase, someoneWaits } from "../helpers/databases.ts";
import {
  createLocalAccount,
  createTestTenant,
  identityOf,
  loginNameConnection,
  provisioned,
  type TestTenant,
  testPasswords,
} from "../helpers/people.ts";
import { conflict, refused } from "../helpers/thrown.ts";

describe("owners", () => {
  onEachDatabase((use, engine) => {
    let tenant: TestTenant;
    let store: TenantStore;
    let first: User;
    let olga: User;
    let connection: Connection;
    beforeEach(async () => {
      tenant = await createTestTenant(use().database);
      store = tenant.store;
      first = await createLocalAccount(store, "first@acme.example", "owner");
      olga = await provisionUser(
        store,
        tenant.writer,
        provisioned("olga@acme.example", { sourceKey: "00u1" }),
      );
      connection = await tenant.connection({ justInTime: false });
      await giveRole(store, { userId: first.id }, olga.id, "owner");
    });
    const asOlga = (subject = "00u1") =>
      signIn(store, identityOf(connection, "olga@acme.example", { subject }));

    describe("are linked to a connection", () => {
      it("not by source key or login name alone", async () => {
        await assert.rejects(asOlga(), refused("owner-not-approved"));
        await assert.rejects(asOlga("another subject"), refused("owner-not-approved"));
        assert.deepEqual(await store.identities.ofUser(olga.id), []);
      });

      it("after an owner's approval, which counts once", async () => {
        await approveOwner(store, connection.id, olga.id);
        assert.deepEqual(await approvableConnections(store, olga), []);
        assert.equal((await asOlga()).user.id, olga.id);
        assert.equal((await asOlga()).by, "identity");
        await store.identities.remove(connection.id, "00u1");
        await assert.rejects(asOlga(), refused("owner-not-approved"));
      });

      it("only by an approval for this connection and this owner", async () => {
        const other = await tenant.connection({ justInTime: false });
        await approveOwner(store, other.id, olga.id);
        await assert.rejects(asOlga(), refused("owner-not-approved"));
      });

      it("not by an approval from before their key or name changed", async () => {
        for (const change of [{ sourceKey: "00u-mallory" }, { loginName: "mallory@acme.example" }]) {
          await approveOwner(store, connection.id, olga.id);
          await updateProvisionedUser(store, tenant.writer, olga.id, change);
          assert.deepEqual(await store.ownerApprovals.ofUser(olga.id), []);
        }
      });

      it("not by an approval from before the connection's provider changed", async () => {
        await approveOwner(store, connection.id, olga.id);
        const settings = { issuer: "https://evil.example", clientId: "0oa1" };
        connection = await changeSettings(store, connection.id, settings);
        await assert.rejects(asOlga(), refused("owner-not-approved"));
      });

      it("not by an approval from before they lost the role", async () => {
        await approveOwner(store, connection.id, olga.id);
        await giveRole(store, { userId: first.id }, olga.id, "member");
        await giveRole(store, { userId: first.id }, olga.id, "owner");
        await assert.rejects(asOlga(), refused("owner-not-approved"));
      });

      it("only if they can be linked at all", async () => {
        assert.deepEqual(
          (await approvableOwners(store, connection)).map(({ id }) => id),
          [olga.id],
        );
        assert.deepEqual(
          (await approvableConnections(store, olga)).map(({ id }) => id),
          [connection.id],
        );
        const member = await provisionUser(store, tenant.writer, provisioned("member@acme.example"));
        for (const id of [first.id, member.id])
          await assert.rejects(approveOwner(store, connection.id, id), conflict("stale"));
        const draft = await tenant.connection({ draft: true });
        await assert.rejects(approveOwner(store, draft.id, olga.id), conflict("stale"));
      });
    });

    describe("are protected from a provisioning client", () => {
      it("that changes the login name that they sign in by", async () => {
        const byName = await loginNameConnection(tenant, { justInTime: false });
        await store.identities.add(byName.id, "olga@acme.example", olga.id);
        const rename = (id: string, loginName: string) =>
          updateProvisionedUser(store, tenant.writer, id, { loginName });
        await assert.rejects(rename(olga.id, "mallory@acme.example"), conflict("owner-protected"));
        assert.equal((await store.users.byId(olga.id))?.loginName, "olga@acme.example");
        // Only the case differs, so it is the same name.
        assert.equal((await rename(olga.id, "Olga@acme.example")).user.loginName, "Olga@acme.example");
      });

      it("that renames and deactivates them, as Entra does: obeyed, and the identity is unlinked", async () => {
        const byName = await loginNameConnection(tenant, { justInTime: false });
        await store.identities.add(byName.id, "olga@acme.example", olga.id);
        const change = (changes: Partial<ProvisionedUser>) =>
          updateProvisionedUser(store, tenant.writer, olga.id, changes);
        const deleted = await change({ loginName: "mallory@acme.example", active: false });
        assert.deepEqual([deleted.user.loginName, deleted.user.active], ["mallory@acme.example", false]);
        await change({ active: true });
        const as = (name: string) => signIn(store, identityOf(byName, name, { subject: name }));
        await assert.rejects(as("mallory@acme.example"), refused("owner-not-approved"));
        await change({ loginName: "olga@acme.example" });
        await assert.rejects(as("olga@acme.example"), refused("owner-not-approved"));
        await approveOwner(store, byName.id, olga.id);
        assert.equal((await as("olga@acme.example")).user.id, olga.id);
      });

      it("that would give their subject to another person", async () => {
        const byName = await loginNameConnection(tenant, { justInTime: false });
        await store.identities.add(byName.id, "boss@acme.example", first.id);
        const mallory = await provisionUser(store, tenant.writer, provisioned("mallory@acme.example"));
        await store.identities.add(byName.id, "mallory@acme.example", mallory.id);
        await assert.rejects(
          updateProvisionedUser(store, tenant.writer, mallory.id, { loginName: "boss@acme.example" }),
          conflict("owner-protected"),
        );
        assert.equal((await store.identities.find(byName.id, "boss@acme.example"))?.userId, first.id);
      });

      it("that would adopt them from another source or from just-in-time creation", async () => {
        const other = await store.sources.create({ id: "other", name: "other" });
        const writer = { source: other, sourceConflict: "adopt" as const };
        await assert.rejects(
          updateProvisionedUser(store, writer, olga.id, { active: false }),
          conflict("owner-protected"),
        );
        await assert.rejects(deleteProvisionedUser(store, writer, olga.id), conflict("owner-protected"));
        const open = await tenant.connection();
        const { user: visitor } = await signIn(store, identityOf(open, "visitor@acme.example"));
        await giveRole(store, { userId: first.id }, visitor.id, "owner");
        await assert.rejects(
          updateProvisionedUser(store, tenant.writer, visitor.id, { active: true }),
          conflict("owner-protected"),
        );
        assert.equal((await store.users.byId(olga.id))?.active, true);
      });
    });

    it("lose a password that provisioning set, and its sessions", async () => {
      const member = await provisionUser(store, tenant.writer, provisioned("member@acme.example"));
      await store.settings.change({ passwordSync: true });
      await store.credentials.set(member.id, await testPasswords.hash("set by a machine"));
      const signInByIt = () =>
        signInWithPassword(store, testPasswords, {
          loginName: "member@acme.example",
          password: "set by a machine",
        });
      const { accessEpoch } = await signInByIt();
      await giveRole(store, { userId: first.id }, member.id, "owner");
      await assert.rejects(signInByIt(), refused("bad-credentials"));
      assert.notEqual((await store.users.byId(member.id))?.accessEpoch, accessEpoch);
      await giveRole(store, { userId: first.id }, member.id, "member");
      await assert.rejects(signInByIt(), refused("bad-credentials"));
    });

    it("lose it also if the operator invites them", async () => {
      const member = await provisionUser(store, tenant.writer, provisioned("member@acme.example"));
      await store.settings.change({ passwordSync: true });
      await store.credentials.set(member.id, await testPasswords.hash("set by a machine"));
      await inviteOwner(store, "member@acme.example");
      await assert.rejects(
        signInWithPassword(store, testPasswords, {
          loginName: "member@acme.example",
          password: "set by a machine",
        }),
        refused("bad-credentials"),
      );
    });

    describe("of whom one must remain", () => {
      /** The same tenant on another replica: over its own database connection. */
      const replica = () => forTenant(use().openAnother(), store.tenantId);
      const linked = async () => await store.identities.add(connection.id, "00u1", olga.id);
      const able = async () =>
        (await store.roles.activeOwners()).filter(({ canSignIn }) => canSignIn).map(({ id }) => id);

      const acts: Record<string, (by: TenantStore, actor: string, target: string) => Promise<unknown>> = {
        demotes: (by, userId, target) => giveRole(by, { userId }, target, "member"),
        blocks: (by, userId, target) => blockPerson(by, { userId }, target),
      };
      for (const [one, first_] of Object.entries(acts)) {
        for (const [two, second_] of Object.entries(acts)) {
          it(`if one ${one} the other while that one ${two} them`, async () => {
            await linked();
            const results = await Promise.allSettled([
              first_(store, first.id, olga.id),
              second_(replica(), olga.id, first.id),
            ]);
            assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
            assert.equal((await able()).length, 1);
          });
        }
      }

      if (engine === "PostgreSQL")
        it("if another change is running: the second one waits", async () => {
          await linked();
          const demote = (by: TenantStore, userId: string, target: string) =>
            giveRole(by, { userId }, target, "member");
          let done = () => {};
          const isDone = new Promise<void>((resolve) => {
            done = resolve;
          });
          // Outside the first transaction's async context, as if from another request.
          const second = isDone.then(() => demote(replica(), olga.id, first.id));
          const refusal = assert.rejects(second, conflict("last-owner"));
          await use().database.transaction(async (inside) => {
            await demote(forTenant(inside, store.tenantId), first.id, olga.id);
            done();
            await someoneWaits(inside);
          });
          await refusal;
          assert.deepEqual(await able(), [first.id]);
        });

      it("or the operator is told, if provisioning deactivates one meanwhile", async () => {
        await linked();
        const [demoted, deactivated] = await Promise.allSettled([
          giveRole(store, { userId: olga.id }, first.id, "member"),
          updateProvisionedUser(replica(), tenant.writer, olga.id, { active: false }),
        ]);
        assert.equal(deactivated.status, "fulfilled", "deactivation is always obeyed");
        const told = deactivated.status === "fulfilled" && deactivated.value.lastOwnerLost;
        assert.equal((await able()).length, demoted.status === "fulfilled" ? 0 : 1);
        assert.equal(told, demoted.status === "fulfilled");
      });

      it("who can sign in: an owner who never could does not count", async () => {
        await assert.rejects(
          giveRole(store, { userId: olga.id }, first.id, "member"),
          conflict("last-owner"),
        );
        await linked();
        await giveRole(store, { userId: olga.id }, first.id, "member");
        assert.deepEqual(await able(), [olga.id]);
      });

      it("if the last owner's only sign-in option would be removed", async () => {
        await linked();
        await giveRole(store, { userId: olga.id }, first.id, "member");
        const identity = { connectionId: connection.id, subject: "00u1" };
        const ways = [
          () => disableConnection(store, connection.id),
          () => unlinkIdentity(store, { userId: olga.id }, olga.id, identity),
          () => changeSettings(store, connection.id, { issuer: "https://other.example", clientId: "0oa1" }),
        ];
        for (const close of ways) await assert.rejects(close(), conflict("last-owner"));
        assert.equal((await asOlga()).user.id, olga.id);
      });

      it("if the acting administrator has lost the role in the meantime", async () => {
        await giveRole(store, { userId: first.id }, olga.id, "member");
        await assert.rejects(
          giveRole(store, { userId: olga.id }, first.id, "member"),
          conflict("not-an-administrator"),
        );
        const member = await provisionUser(store, tenant.writer, provisioned("member@acme.example"));
        for (const { id } of [first, member])
          await assert.rejects(blockPerson(store, { userId: olga.id }, id), conflict("not-an-administrator"));
      });
    });
  });
});
