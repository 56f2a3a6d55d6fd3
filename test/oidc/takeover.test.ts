import assert from "node:assert/strict";
import { changeSettings } from "../../src/directory/connections.ts";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import { InvalidError } from "../../src/errors.ts";
import type { Connection } from "../../src/model.ts";
import { landingPath } from "../../src/web/home.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { connectOrg, orgOptions, refusalsIn, signInAt } from "../helpers/org.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createLocalAccount, createTestTenant, provisioned, type TestTenant } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";

describe("takeover by OpenID Connect", () => {
  onEachDatabase((use) => {
    const site = useSite(use, orgOptions);
    let honest: OpenIdProvider;
    let evil: OpenIdProvider;
    let tenant: TestTenant;
    let connection: Connection;
    before(async () => {
      [honest, evil] = [await startOpenIdProvider(), await startOpenIdProvider()];
    });
    after(() => Promise.all([honest.close(), evil.close()]));
    beforeEach(async () => {
      tenant = await createTestTenant(use().database);
      connection = await connect(honest);
    });

    const connect = (op: OpenIdProvider, to = tenant) =>
      connectOrg(op, { baseUrl: site().app.url, tenant: to });
    const userOf = (loginName: string, { store } = tenant) => store.users.byLoginName(loginName);

    async function assertRefused(op: OpenIdProvider, through: Connection): Promise<void> {
      const client = site().app.client();
      const page = await signInAt(site().app, op, through, client);
      assert.equal(page.status, 403);
      assert.match(page.text, /Another account already uses your login name/);
      assert.equal(refusalsIn(site().app).at(-1), "account-conflict");
      assert.equal((await client.get("/me")).status, 401);
      for (const sub of ["00u-evil", "00u-ada"])
        assert.equal(await tenant.store.identities.find(through.id, sub), null);
    }

    it("a second connection cannot take over an account of the first by its login name", async () => {
      honest.define({ sub: "00u-ada", email: "ada@acme.example" });
      assertRedirect(await signInAt(site().app, honest, connection), landingPath);
      evil.define({ sub: "00u-evil", email: "ADA@acme.example" });
      await assertRefused(evil, await connect(evil));
    });

    it("nor a provisioned account that another connection knows", async () => {
      await provisionUser(
        tenant.store,
        tenant.writer,
        provisioned("ada@acme.example", { sourceKey: "00u-ada" }),
      );
      honest.define({ sub: "00u-ada", email: "ada@acme.example" });
      assertRedirect(await signInAt(site().app, honest, connection), landingPath);
      evil.define({ sub: "00u-evil", email: "ada@acme.example" });
      await assertRefused(evil, await connect(evil));
    });

    it("a local owner's account cannot be taken over by its login name", async () => {
      const owner = await createLocalAccount(tenant.store, "owner@acme.example", "owner");
      evil.define({ sub: "00u-evil", email: "owner@acme.example", email_verified: true });
      await assertRefused(evil, await connect(evil));
      assert.deepEqual(await tenant.store.identities.ofUser(owner.id), []);
    });

    it("an address of another tenant creates a separate user in the attacker's own tenant", async () => {
      honest.define({ sub: "00u-ada", email: "ada@acme.example" });
      assertRedirect(await signInAt(site().app, honest, connection), landingPath);
      const victim = await userOf("ada@acme.example");
      const attacker = await createTestTenant(use().database);
      evil.define({ sub: "00u-ada", email: "ada@acme.example" });
      const client = site().app.client();
      assertRedirect(await signInAt(site().app, evil, await connect(evil, attacker), client), landingPath);
      const me = JSON.parse((await client.get("/me")).text);
      assert.equal(me.tenant.slug, attacker.tenant.slug);
      assert.notEqual(me.user.id, victim?.id);
      assert.deepEqual(await tenant.store.users.byId(me.user.id), null);
    });

    it("a new issuer on a live connection ends its sessions and knows no one", async () => {
      honest.define({ sub: "00u-ada", email: "ada@acme.example" });
      const client = site().app.client();
      assertRedirect(await signInAt(site().app, honest, connection, client), landingPath);
      assert.equal((await client.get("/me")).status, 200);
      const settings = connection.settings;
      assert.ok(settings && "issuer" in settings);
      await changeSettings(tenant.store, connection.id, { ...settings, issuer: evil.issuer });
      registerAs(evil, honest, settings.clientId);
      assert.equal((await client.get("/me")).status, 401);
      evil.define({ sub: "00u-ada", email: "ada@acme.example" });
      await assertRefused(evil, connection);
    });

    it("a domain leads to a connection only once it is verified, and a public one cannot be claimed", async () => {
      const page = async () => await site().app.client().post("/login", { email: "ada@unverified.example" });
      await addDomain(tenant.store, "unverified.example");
      assert.match((await page()).text, /We don’t know unverified\.example/);
      await assert.rejects(addDomain(tenant.store, "gmail.com"), InvalidError);
      const gmail = await site().app.client().post("/login", { email: "ada@gmail.com" });
      assert.match(gmail.text, /We don’t know gmail\.com/);
      await tenant.store.domains.markVerified("unverified.example");
      assert.ok((await page()).text.includes(connection.key));
    });
  });
});

/** Registers a client of one provider at another, too. */
function registerAs(to: OpenIdProvider, from: OpenIdProvider, clientId: string): void {
  const client = from.clients.get(clientId);
  assert.ok(client);
  to.register(client);
}
