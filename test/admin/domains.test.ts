import assert from "node:assert/strict";
import { brand } from "../../config/brand.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import { txtLookup } from "../../src/trust/txt-records.ts";
import type { Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { type DnsServer, startDnsServer } from "../helpers/dns-server.ts";
import { formOn, submit } from "../helpers/forms.ts";
import { countAs, forgetCounts } from "../helpers/known-devices.ts";
import { leavingTo } from "../helpers/org.ts";
import { assertRedirect, headingOf } from "../helpers/pages.ts";
import { createLocalAccount, testPassword } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";

describe("domains in the admin console", () => {
  let dns: DnsServer;
  before(async () => {
    dns = await startDnsServer();
  });
  after(() => dns.close());

  onEachDatabase((use) => {
    const site = useSite(use, { lookUpTxt: (name) => txtLookup([dns.address])(name) });
    let client: Client;
    beforeEach(async () => {
      client = await site().clientOf(site().owner);
      for (const { domain } of await site().acme.store.domains.list())
        await site().acme.store.domains.remove(domain);
      dns.records.clear();
    });

    const page = () => client.get("/admin/domains");
    const valuesOf = (text: string) =>
      [...text.matchAll(/<code class="value"[^>]*>([^<]*)<\/code>/g)].map(([, value]) => value ?? "");
    const actions = async () => (await site().acme.store.activity.latest(20)).map(({ action }) => action);

    /** Publishes the DNS record that the page shows. */
    async function publish(): Promise<void> {
      const [name = "", value = ""] = valuesOf((await page()).text);
      dns.records.set(name, ["v=spf1 -all", value]);
    }

    it("are added, verified with the record on the page, and removed; each step is recorded", async () => {
      assert.match((await page()).text, /No domain yet/);
      assertRedirect(await client.post("/admin/domains", { domain: " Acme.Example " }), "/admin/domains");
      assert.match((await page()).text, /Not verified/);
      await publish();
      assert.match(
        [...dns.records.keys()][0] ?? "",
        new RegExp(`^_${brand.slug}-challenge\\.acme\\.example$`),
      );
      await client.post("/admin/domains/acme.example/verify");
      assert.match((await page()).text, /acme\.example is yours/);
      assert.ok((await site().acme.store.domains.find("acme.example"))?.verifiedAt);
      await submit(client, "/admin/domains", "/acme.example/remove");
      assert.equal(await site().acme.store.domains.find("acme.example"), null);
      assert.deepEqual((await actions()).slice(0, 3), ["domain.removed", "domain.verified", "domain.added"]);
    });

    it("are looked up within a rate limit for each person", async () => {
      await forgetCounts(use().database);
      await client.post("/admin/domains", { domain: "acme.example" });
      const verify = async (who: Client) => (await who.post("/admin/domains/acme.example/verify")).status;
      const colleague = await createLocalAccount(site().acme.store, "asks-often@acme.example", "admin");
      const other = await site().clientOf(colleague);
      assert.equal(await verify(other), 303);
      await countAs(use().database, "domain-check", 60);
      assert.equal(await verify(other), 429);
      assert.equal(await verify(await site().clientOf(site().owner)), 303);
    });

    const wrong: [string, RegExp][] = [
      ["", /is not a domain name/],
      ["not a domain", /is not a domain name/],
      ["gmail.com", /public mail service/],
      ["https://acme.example", /is not a domain name/],
      ["<script>alert(1)</script>.example", /is not a domain name/],
      [`${"a".repeat(300)}.example`, /is not a domain name/],
    ];
    for (const [domain, sentence] of wrong) {
      it(`refuses ${JSON.stringify(domain.slice(0, 40))} with a sentence`, async () => {
        await client.post("/admin/domains", { domain });
        const { text } = await page();
        assert.match(text, sentence);
        assert.doesNotMatch(text, /<script>alert/);
        assert.deepEqual(await site().acme.store.domains.list(), []);
      });
    }

    it("stay unverified without a record, with a wrong record, and when the DNS does not answer", async () => {
      await addDomain(site().acme.store, "acme.example");
      const verify = async () => {
        await client.post("/admin/domains/acme.example/verify");
        return (await page()).text;
      };
      assert.match(await verify(), /There is no such TXT record yet/);
      await publish();
      const [name = ""] = dns.records.keys();
      dns.records.set(name, ["domain-verification=of-another-product"]);
      assert.match(await verify(), /says something else/);
      dns.records.set(name, "silent");
      assert.match(await verify(), /do not answer right now/);
      assert.equal((await site().acme.store.domains.find("acme.example"))?.verifiedAt, null);
    });

    it("are enforced by owners only; the sign-in page then sends people to the connection and refuses passwords", async () => {
      const { acme } = site();
      const tested = await acme.connection();
      await acme.connection();
      await acme.store.connections.update(tested.id, { testedAt: Date.now(), admittedAt: Date.now() });
      await acme.store.domains.markVerified(await addDomain(acme.store, "acme.example"));
      const enforce = async (as: Client) =>
        await formOn(await page(), "/acme.example/enforce").send(as, { connection: tested.id });
      const admin = await createLocalAccount(acme.store, "admin@acme.example", "admin");
      assert.equal((await enforce(await site().clientOf(admin))).status, 404);
      const ask = () => site().app.client().post("/login", { email: "ada@acme.example" });
      assert.equal(headingOf(await ask()), "Choose how to sign in");
      assertRedirect(await enforce(client), "/admin/domains");
      assert.match((await page()).text, new RegExp(`/login/password/${acme.tenant.slug}`));
      assert.match(leavingTo(await ask()), new RegExp(`^/oidc/${tested.key}/login`));

      const refused = await site().app.client().signIn(acme.tenant.slug, "admin@acme.example", testPassword);
      assert.equal(refused.status, 403);
      assert.match(refused.text, /signs in with its identity provider/);
      const theirPage = () => client.get(`/admin/people/${admin.id}`);
      assert.match((await theirPage()).text, /Cannot sign in:[\s\S]*action="[^"]*\/delete"/);
      const owner = await site().app.client().signIn(acme.tenant.slug, "owner@acme.example", testPassword);
      assert.equal(owner.status, 303);

      assert.equal(
        (await (await site().clientOf(admin)).post("/admin/domains/acme.example/remove")).status,
        404,
        "an admin cannot lift the enforcement by removing the domain",
      );
      await submit(client, "/admin/domains", "/acme.example/enforce", { connection: "" });
      assert.doesNotMatch((await theirPage()).text, /Cannot sign in/);
      assert.equal(
        (await site().app.client().signIn(acme.tenant.slug, "admin@acme.example", testPassword)).status,
        303,
      );
    });

    it("cannot be enforced with an untested connection", async () => {
      const { acme } = site();
      const untested = await acme.connection();
      await acme.store.domains.markVerified(await addDomain(acme.store, "acme.example"));
      const shown = formOn(await page(), "/acme.example/remove").hidden;
      const asked = { ...shown, connection: untested.id };
      assertRedirect(await client.post("/admin/domains/acme.example/enforce", asked), "/admin/domains");
      assert.match((await page()).text, /No test sign-in has succeeded/);
      assert.equal((await acme.store.domains.find("acme.example"))?.enforcedConnectionId, null);
    });
  });
});
