import assert from "node:assert/strict";
import { disableConnectionUnguarded, removeConnection } from "../../src/directory/connections.ts";
import { domainProof, enforceConnection, verifyDomain } from "../../src/directory/domains.ts";
import { signInWithPassword } from "../../src/directory/local-accounts.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import { ConflictError, InvalidError, NotFoundError, RefusedError } from "../../src/errors.ts";
import type { Connection } from "../../src/model.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import {
  createLocalAccount,
  createTestTenant,
  type TestTenant,
  testPassword,
  testPasswords,
} from "../helpers/people.ts";

describe("domains", () => {
  onEachDatabase((use) => {
    let acme: TestTenant;
    let connection: Connection;
    beforeEach(async () => {
      acme = await createTestTenant(use().database);
      connection = await acme.connection();
      await addDomain(acme.store, "acme.example");
    });

    const tested = () => acme.store.connections.update(connection.id, { testedAt: 1, admittedAt: 1 });
    const enforce = (id: string | null = connection.id) => enforceConnection(acme.store, "acme.example", id);
    const password = (name: string) =>
      signInWithPassword(acme.store, testPasswords, { loginName: name, password: testPassword });

    async function prove(): Promise<void> {
      const domain = await acme.store.domains.find("acme.example");
      await verifyDomain(acme.store, "acme.example", ["v=spf1 -all", domainProof(domain ?? assert.fail())]);
    }

    it("are verified only by a TXT record with their own token", async () => {
      const other = await createTestTenant(use().database);
      await addDomain(other.store, "acme.example");
      const foreign = domainProof((await other.store.domains.find("acme.example")) ?? assert.fail());
      for (const records of [[], [foreign], ["domain-verification="], ["v=spf1 -all"]])
        await assert.rejects(verifyDomain(acme.store, "acme.example", records), InvalidError);
      assert.equal((await acme.store.domains.find("acme.example"))?.verifiedAt, null);
      await prove();
      assert.ok((await acme.store.domains.find("acme.example"))?.verifiedAt);
      await assert.rejects(verifyDomain(acme.store, "unknown.example", []), NotFoundError);
    });

    it("cannot be enforced before they are verified, the connection is active, a test has succeeded and a person gets in", async () => {
      const problem = async () => {
        const error = await enforce().catch((thrown: unknown) => thrown);
        assert.ok(error instanceof ConflictError);
        return error.message;
      };
      assert.match(await problem(), /Verify acme\.example first/);
      await prove();
      assert.match(await problem(), /test sign-in/);
      await acme.store.connections.update(connection.id, { testedAt: 1 });
      assert.match(await problem(), /No one is known to get in/);
      await tested();
      await disableConnectionUnguarded(acme.store, connection.id);
      assert.match(await problem(), /not active/);
      await acme.store.connections.update(connection.id, { status: "active" });
      await enforce();
      await assert.rejects(enforce("unknown"), NotFoundError);
    });

    it("once enforced, refuse correct passwords by login name and address, except for owners", async () => {
      const { store } = acme;
      await createLocalAccount(store, "Owner@Acme.example", "owner");
      for (const name of ["member@acme.example", "admin@ACME.example"])
        await createLocalAccount(store, name, name.startsWith("admin") ? "admin" : "member");
      const elsewhere = await createLocalAccount(store, "guest@elsewhere.example");
      const byAddress = await createLocalAccount(store, "byaddress@elsewhere.example");
      await store.users.update(byAddress.id, { email: "x@acme.example" });
      await prove();
      await tested();
      await enforce();
      await createLocalAccount(store, "wide@ａｃｍｅ.example");
      for (const name of [
        "member@acme.example",
        "admin@acme.example",
        "byaddress@elsewhere.example",
        "wide@ａｃｍｅ.example",
      ])
        await assert.rejects(password(name), refused("single-sign-on-required"), name);
      const wrong = signInWithPassword(store, testPasswords, {
        loginName: "member@acme.example",
        password: "wrong",
      });
      await assert.rejects(wrong, refused("bad-credentials"));
      await password("owner@acme.example");
      await password(elsewhere.loginName);
    });

    it("are no longer enforced once the connection is disabled or removed, or enforcement is turned off", async () => {
      await createLocalAccount(acme.store, "member@acme.example");
      await prove();
      await tested();
      const lifts = [
        () => enforce(null),
        () => disableConnectionUnguarded(acme.store, connection.id),
        () => removeConnection(acme.store, connection.id),
      ];
      for (const lift of lifts) {
        await enforce();
        await assert.rejects(password("member@acme.example"), refused("single-sign-on-required"));
        await lift();
        await password("member@acme.example");
        if (await acme.store.connections.byId(connection.id))
          await acme.store.connections.update(connection.id, { status: "active" });
      }
      assert.equal((await acme.store.domains.find("acme.example"))?.enforcedConnectionId, null);
    });
  });
});

function refused(reason: string) {
  return (error: unknown) => error instanceof RefusedError && error.reason === reason;
}
