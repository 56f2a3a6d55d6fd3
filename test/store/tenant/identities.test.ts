import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Identity } from "../../../src/model.ts";
import { onEachDatabase } from "../../helpers/databases.ts";
import { createTestTenant, newUser } from "../../helpers/people.ts";

describe("identities", () => {
  onEachDatabase((use) => {
    const fresh = async () => {
      const tenant = await createTestTenant(use().database);
      const { store } = tenant;
      const [ada, grace] = [
        await store.users.create(newUser("ada@acme.example")),
        await store.users.create(newUser("grace@acme.example")),
      ];
      return { ...tenant, ada, grace, okta: await tenant.connection() };
    };
    const subjects = (identities: Identity[]) => identities.map(({ subject }) => subject);

    it("are found by connection and subject together", async () => {
      const { store, ada, grace, okta, connection } = await fresh();
      const second = await connection();
      await store.identities.add(okta.id, "same", ada.id);
      await store.identities.add(second.id, "same", grace.id);
      assert.equal((await store.identities.find(okta.id, "same"))?.userId, ada.id);
      assert.equal((await store.identities.find(second.id, "same"))?.userId, grace.id);
      assert.equal(await store.identities.find(okta.id, "Same"), null);
    });

    it("tell the access epoch of the person who has them, and not of the one who has the login name", async () => {
      const { store, ada, grace, okta } = await fresh();
      const epochOf = (subject: string, name: string) => store.identities.accessEpoch(okta.id, subject, name);
      await store.identities.add(okta.id, "subject", ada.id);
      await store.users.advanceAccessEpoch(ada.id);
      assert.equal(await epochOf("subject", grace.loginName), 1);
      assert.equal(await epochOf("another", grace.loginName), 0);
      assert.equal(await epochOf("another", "ADA@acme.example"), 1);
      assert.equal(await epochOf("another", "new@acme.example"), null);
    });

    it("record the last sign-in", async () => {
      const { store, ada, okta } = await fresh();
      await store.identities.add(okta.id, "subject", ada.id);
      await store.identities.recordSignIn(okta.id, "subject", "ada@acme.example");
      const [identity] = await store.identities.ofUser(ada.id);
      assert.equal(identity?.email, "ada@acme.example");
      assert.ok(identity?.lastSignInAt);
    });

    it("take over a new subject from its holder", async () => {
      const { store, ada, grace, okta } = await fresh();
      await store.identities.add(okta.id, "old", ada.id);
      await store.identities.add(okta.id, "new", grace.id);
      await store.identities.move(okta.id, "old", "new");
      assert.equal((await store.identities.find(okta.id, "new"))?.userId, ada.id);
      assert.equal(await store.identities.find(okta.id, "old"), null);
      assert.deepEqual(await store.identities.ofUser(grace.id), []);
    });

    it("stay with the user if the subject does not change", async () => {
      const { store, ada, okta } = await fresh();
      await store.identities.add(okta.id, "same", ada.id);
      await store.identities.move(okta.id, "same", "same");
      assert.deepEqual(subjects(await store.identities.ofUser(ada.id)), ["same"]);
    });

    it("are deleted with their connection, or together if its provider changes", async () => {
      const { store, ada, okta, connection } = await fresh();
      const second = await connection();
      for (const { id } of [okta, second]) await store.identities.add(id, "subject", ada.id);
      await store.identities.removeOfConnection(okta.id);
      assert.equal((await store.identities.ofUser(ada.id)).length, 1);
      await store.connections.remove(second.id);
      assert.deepEqual(await store.identities.ofUser(ada.id), []);
    });

    it("cannot link a connection to a user of another tenant", async () => {
      const { store, okta } = await fresh();
      const others = await fresh();
      await assert.rejects(store.identities.add(okta.id, "subject", others.ada.id), /foreign key/i);
      await assert.rejects(others.store.identities.add(okta.id, "subject", others.ada.id), /foreign key/i);
    });
  });
});

describe("tombstones", () => {
  onEachDatabase((use) => {
    const fresh = async () => {
      const tenant = await createTestTenant(use().database);
      const okta = await tenant.connection();
      const buried: Identity = {
        connectionId: okta.id,
        subject: "00u1",
        userId: "gone",
        email: null,
        lastSignInAt: null,
      };
      const id = randomUUID();
      await tenant.store.tombstones.add(id, "Äda@acme.example", [buried]);
      return { ...tenant, okta, id, second: await tenant.connection() };
    };

    it("forbid the login name, ignoring case, and the subject on its connection", async () => {
      const { store, okta, second } = await fresh();
      const cases: [string, string, string, boolean][] = [
        ["äDA@acme.example", okta.id, "other", true],
        ["äda@acme.example", second.id, "00u1", true],
        ["renamed@acme.example", okta.id, "00u1", true],
        ["renamed@acme.example", second.id, "00u1", false],
        ["ada@acme.example", okta.id, "00u2", false],
      ];
      for (const [name, connectionId, subject, expected] of cases) {
        assert.equal(await store.tombstones.forbids(name, connectionId, subject), expected, name + subject);
      }
    });

    it("forbid nothing in another tenant", async () => {
      await fresh();
      const others = (await createTestTenant(use().database)).store;
      assert.equal(await others.tombstones.forbids("äda@acme.example", "any", "00u1"), false);
    });

    it("are listed, and lifted once with their subjects", async () => {
      const { store, okta, id } = await fresh();
      assert.deepEqual(
        (await store.tombstones.list()).map(({ loginName }) => loginName),
        ["Äda@acme.example"],
      );
      assert.deepEqual([await store.tombstones.lift(id), await store.tombstones.lift(id)], [true, false]);
      assert.equal(await store.tombstones.forbids("äda@acme.example", okta.id, "00u1"), false);
    });

    it("are all lifted by login name", async () => {
      const { store, okta } = await fresh();
      await store.tombstones.add(randomUUID(), "äda@acme.example", []);
      await store.tombstones.add(randomUUID(), "grace@acme.example", []);
      await store.tombstones.liftByLoginName("ÄDA@acme.example");
      assert.equal(await store.tombstones.forbids("äda@acme.example", okta.id, "00u1"), false);
      assert.equal((await store.tombstones.list()).length, 1);
    });
  });
});
