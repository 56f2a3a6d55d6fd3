import assert from "node:assert/strict";
import type { Connection } from "../../src/model.ts";
import { readablePath } from "../../tools/guide/src/product.ts";
import { agentToken } from "../helpers/agents.ts";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant, type TestTenant, testPassword } from "../helpers/people.ts";
import {
  type RevokingOrg,
  revocationToken,
  startRevokingOrg,
  type TokenParts,
} from "../helpers/revocation.ts";

const path = "/global-token-revocation";

describe("Universal Logout", () => {
  onEachDatabase((use) => {
    let org: RevokingOrg;
    let app: TestApp;
    let replica: TestApp;
    let acme: TestTenant;
    let connection: Connection;

    before(async () => {
      org = await startRevokingOrg();
      const options = { insecureAllowPrivateNetwork: true, sessionSecret: "s".repeat(44) };
      app = await startTestApp(use().database, options);
      replica = await startTestApp(use().openAnother(), options);
      acme = await createTestTenant(use().database);
      connection = await acme.connection({ settings: { issuer: org.issuer, clientId: "app" } });
    });

    after(async () => {
      await app.close();
      await replica.close();
      await org.close();
    });

    async function revoke(sub_id: object, sub = "app", parts: TokenParts = {}): Promise<number> {
      const token = await revocationToken(org, sub, app.url + path, parts);
      const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
      return (await app.client().send("POST", path, headers, JSON.stringify({ sub_id }))).status;
    }

    async function signedIn(tenant: TestTenant, email: string, at = app) {
      const client = at.client();
      await client.signIn(tenant.tenant.slug, email, testPassword);
      assert.equal((await client.get("/account")).status, 200);
      return client;
    }

    it("ends a person's sessions in two browsers on two replicas with their next request", async () => {
      await createLocalAccount(acme.store, "two@acme.example");
      const clients = [
        await signedIn(acme, "two@acme.example"),
        await signedIn(acme, "two@acme.example", replica),
      ];
      assert.equal(await revoke({ format: "email", email: "TWO@Acme.example" }), 204);
      for (const client of clients) assert.notEqual((await client.get("/account")).status, 200);
    });

    it("ends access tokens that agents hold for the person", async () => {
      const user = await createLocalAccount(acme.store, "agents@acme.example");
      const token = await agentToken(use().database, acme, app.url, { user });
      const headers = { authorization: `Bearer ${token}` };
      const path = `/api/v1${readablePath}`;
      const call = async () => (await app.client().send("GET", path, headers)).status;
      assert.equal(await call(), 200);
      assert.equal(await revoke({ format: "email", email: "agents@acme.example" }), 204);
      assert.equal(await call(), 401);
    });

    it("takes a token with any end once: years away, beyond every date, or within a second", async () => {
      const ends = [1e300, 1e15, 8.64e12, 253_402_300_799, Math.floor(Date.now() / 1000) + 60.0005];
      for (const [index, exp] of ends.entries()) {
        const email = `end${index}@acme.example`;
        await createLocalAccount(acme.store, email);
        const parts = { claims: { exp, jti: `end${index}` } };
        assert.equal(await revoke({ format: "email", email }, "app", parts), 204, String(exp));
        assert.equal(await revoke({ format: "email", email }, "app", parts), 401, String(exp));
      }
    });

    it("reads JSON in UTF-8 under every name of it, and without a name", async () => {
      const types = [
        "application/json; charset=utf8",
        'application/json;charset="UTF-8"',
        "Application/JSON",
      ];
      for (const [index, type] of [...types, "application/json; charset=us-ascii", null].entries()) {
        const email = `type${index}@acme.example`;
        await createLocalAccount(acme.store, email);
        const token = await revocationToken(org, "app", app.url + path);
        const { status } = await fetch(app.url + path, {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, ...(type ? { "content-type": type } : {}) },
          // Bytes, because fetch announces a text as text/plain.
          body: Buffer.from(JSON.stringify({ sub_id: { format: "email", email } })),
        });
        assert.equal(status, 204, String(type));
      }
    });

    it("finds a person by issuer and subject, by an opaque subject, and by the last sign-in's address", async () => {
      const user = await createLocalAccount(acme.store, "names@acme.example");
      await acme.store.identities.add(connection.id, "00u1", user.id);
      await acme.store.identities.recordSignIn(connection.id, "00u1", "Old.Name@acme.example");
      const names = [
        { format: "iss_sub", iss: org.issuer, sub: "00u1" },
        { format: "opaque", id: "00u1" },
        { format: "email", email: "old.name@acme.example" },
      ];
      for (const name of names) {
        const client = await signedIn(acme, "names@acme.example");
        assert.equal(await revoke(name), 204, name.format);
        assert.notEqual((await client.get("/account")).status, 200, name.format);
      }
    });

    it("acts in every tenant that registered the org, each on its own people", async () => {
      const other = await createTestTenant(use().database);
      await other.connection({ settings: { issuer: org.issuer, clientId: "app" } });
      await createLocalAccount(acme.store, "both@acme.example");
      await createLocalAccount(other.store, "both@acme.example");
      const clients = [await signedIn(acme, "both@acme.example"), await signedIn(other, "both@acme.example")];
      assert.equal(await revoke({ format: "email", email: "both@acme.example" }), 204);
      for (const client of clients) assert.notEqual((await client.get("/account")).status, 200);
    });

    it("knows an org by both of its names, in the token and in the subject", async () => {
      const issuerAlias = "https://login.acme.example";
      const settings = { issuer: org.issuer, issuerAlias, clientId: "aliased" };
      const aliased = await acme.connection({ settings });
      const user = await createLocalAccount(acme.store, "alias@acme.example");
      await acme.store.identities.add(aliased.id, "00u-alias", user.id);
      for (const iss of [org.issuer, issuerAlias]) {
        const client = await signedIn(acme, "alias@acme.example");
        const name = { format: "iss_sub", iss, sub: "00u-alias" };
        assert.equal(await revoke(name, "aliased", { claims: { iss } }), 204, iss);
        assert.notEqual((await client.get("/account")).status, 200, iss);
      }
    });

    it("keeps an org that claims another org's name as its alias to its own tenant", async () => {
      const evil = await startRevokingOrg();
      const mallory = await createTestTenant(use().database);
      const settings = { issuer: evil.issuer, issuerAlias: org.issuer, clientId: "app" };
      await mallory.connection({ settings });
      await createLocalAccount(acme.store, "victim@acme.example");
      const victim = await signedIn(acme, "victim@acme.example");
      const sub_id = { format: "email", email: "victim@acme.example" };
      assert.equal(await revoke(sub_id, "app", { key: evil.privateKey }), 404);
      assert.equal((await victim.get("/account")).status, 200);
      await evil.close();
    });

    it("lets an org act while another one with the same application id is down", async () => {
      const away = await startRevokingOrg();
      away.down = true;
      const other = await createTestTenant(use().database);
      await other.connection({
        settings: { issuer: away.issuer, issuerAlias: org.issuer, clientId: "app" },
      });
      await createLocalAccount(acme.store, "there@acme.example");
      const client = await signedIn(acme, "there@acme.example");
      assert.equal(await revoke({ format: "email", email: "there@acme.example" }), 204);
      assert.notEqual((await client.get("/account")).status, 200);
      await away.close();
    });

    it("is recorded as activity of the tenant", async () => {
      const user = await createLocalAccount(acme.store, "seen@acme.example");
      assert.equal(await revoke({ format: "email", email: "seen@acme.example" }), 204);
      const rows = (await use()
        .database.sql()("activity")
        .where({ tenant_id: acme.tenant.id, target_id: user.id })) as Record<string, unknown>[];
      assert.ok(rows.some((row) => row.action === "user.signed_out" && row.actor === connection.key));
    });
  });
});
