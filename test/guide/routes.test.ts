import assert from "node:assert/strict";
import { integration } from "../../config/integration.ts";
import { capabilities } from "../../src/guide/facts.ts";
import type { User } from "../../src/model.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";

describe("the public guides", () => {
  onOneDatabase((use) => {
    const site = useSite(use);

    for (const capability of capabilities) {
      it(`${capability}: is public, with the URLs of this deployment`, async () => {
        const { app } = site();
        const page = await app.client().get(`/guides/okta/${capability}`);
        assert.equal(page.status, 200);
        const fixed = { scim: "/scim/v2", xaa: "/api/v1" } as const;
        const address =
          capability === "scim" || capability === "xaa" ? fixed[capability] : `/${capability}/{connection}/`;
        assert.ok(page.text.replaceAll("<wbr>", "").includes(app.url + address));
        assert.equal(page.text.includes(integration.origin), false);
        const markdown = await app.client().get(`/guides/okta/${capability}.md`);
        assert.match(markdown.headers.get("content-type") ?? "", /^text\/markdown; charset=utf-8/);
        assert.ok(markdown.text.includes(app.url + address));
      });
    }

    it("serve no other files", async () => {
      const client = site().app.client();
      const elsewhere = [
        "none.png",
        "..%2Foidc.md",
        "..%2F..%2F..%2Fpackage.json",
        ".hidden",
        "%00",
        "%2e%2e",
      ];
      for (const name of elsewhere) {
        const answer = await client.get(`/guides/okta/images/${name}`);
        assert.ok([400, 404].includes(answer.status), `${name}: ${answer.status}`);
      }
      for (const path of ["/guides/okta/none", "/guides/okta/oidc.txt"])
        assert.equal((await client.get(path)).status, 404);
    });

    it("offer the PDF only if its URLs are right", async () => {
      const page = await site().app.client().get("/guides/okta/oidc");
      assert.equal(page.text.includes("oidc.pdf"), false);
    });
  });

  describe("in production", () => {
    onOneDatabase((use) => {
      const site = useSite(use, { baseUrl: integration.origin });
      it("offer the PDF", async () => {
        const client = site().app.client();
        assert.ok((await client.get("/guides/okta/oidc")).text.includes('href="/guides/okta/oidc.pdf"'));
      });
    });
  });
});

describe("a customer's own guides", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    let admin: User;
    before(async () => {
      admin = await createLocalAccount(site().acme.store, "admin@acme.example", "admin");
    });

    it("contain the values of each connection", async () => {
      const { app, acme, clientOf } = site();
      const oidc = await acme.connection({ key: `${acme.tenant.slug}-a` });
      const client = await clientOf(admin);
      const list = await client.get("/admin/guides");
      assert.ok(list.text.includes(`OpenID Connect for ${oidc.key}`));
      assert.ok(list.text.includes('href="/guides/okta/saml"'), "the guide for a missing connection"); // SAML
      const { text } = await client.get(`/admin/connections/${oidc.id}/guide`);
      const plain = text.replaceAll("<wbr>", "");
      assert.ok(plain.includes(`${app.url}/oidc/${oidc.key}/callback`));
      assert.ok(plain.includes(`${app.url}/login/password/${acme.tenant.slug}`));
      assert.equal(plain.includes("{connection}"), false);
      assert.equal((await client.get("/admin/guides/provisioning")).status, 200);
      const agents = await client.get(`/admin/connections/${oidc.id}/guide/xaa`);
      assert.ok(list.text.includes(`AI agents through ${oidc.key}`));
      assert.ok(agents.text.includes(`>${oidc.key}</code>`), "the audience is the key of the connection");
      assert.equal(agents.text.includes("{connection}"), false);
    });

    it("do not show another tenant's connection", async () => {
      const other = await createTestTenant(use().database);
      const theirs = await other.connection();
      const client = await site().clientOf(admin);
      for (const guide of ["guide", "guide/xaa"])
        assert.equal((await client.get(`/admin/connections/${theirs.id}/${guide}`)).status, 404);
      assert.equal((await client.get("/admin/guides")).text.includes(theirs.key), false);
    });
  });
});
