import assert from "node:assert/strict";
import { changeSettings, disableConnectionUnguarded } from "../../src/directory/connections.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import type { Connection, OidcSettings } from "../../src/model.ts";
import { landingPath } from "../../src/web/home.ts";
import { startTestApp } from "../helpers/app.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { comeBack, connectOrg, leavingTo, orgOptions, refusalsIn, signInAt } from "../helpers/org.ts";
import { assertRedirect, headingOf } from "../helpers/pages.ts";
import { createTestTenant } from "../helpers/people.ts";
import { until } from "../helpers/processes.ts";
import { sessionSecret, useSite } from "../helpers/site.ts";

describe("ways to a sign-in by OpenID Connect", () => {
  onOneDatabase((use) => {
    const site = useSite(use, orgOptions);
    let op: OpenIdProvider;
    let connection: Connection;
    const alias = "https://login.acme.example";
    before(async () => {
      op = await startOpenIdProvider();
      op.define({ sub: "00u-ada", email: "ada@acme.example" });
      connection = await connectOrg(
        op,
        { baseUrl: site().app.url, tenant: site().acme },
        { issuerAlias: alias, signOutOfProvider: true },
      );
      const { store } = site().acme;
      await store.domains.markVerified(await addDomain(store, "acme.example"));
    });
    after(() => op.close());

    const initiate = (more: Record<string, string>, client = site().app.client(), key = connection.key) =>
      client.get(`/oidc/${key}/initiate?${new URLSearchParams(more)}`);
    const finish = async (location: string | null, client = site().app.client()) =>
      await comeBack(site().app, op, client, location ?? "");

    it("a tile signs in by GET, and passes the login hint on", async () => {
      const client = site().app.client();
      const left = await initiate({ iss: op.issuer, login_hint: "ada@acme.example" }, client);
      assertRedirect(await finish(left.location, client), landingPath);
      assert.equal(op.requests.at(-1)?.login_hint, "ada@acme.example");
    });

    it("an oversized login hint is not passed on", async () => {
      const { location } = await initiate({ iss: op.issuer, login_hint: "x".repeat(2001) });
      assert.equal(new URL(location ?? "").searchParams.get("login_hint"), null);
    });

    it("a tile signs in by POST from the provider's site", async () => {
      const client = site().app.client();
      const left = await client.post(
        `/oidc/${connection.key}/initiate`,
        { iss: `${op.issuer}/` },
        { origin: op.issuer, "sec-fetch-site": "cross-site" },
      );
      assert.equal(left.status, 302, left.text);
      assertRedirect(await finish(left.location, client), landingPath);
    });

    it("a tile may name the org by its alias, and the browser still goes to the issuer", async () => {
      const { location } = await initiate({ iss: alias });
      assert.equal(new URL(location ?? "").origin, op.issuer);
    });

    it("another issuer is shown next to the expected one, and never followed", async () => {
      const page = await initiate({ iss: "https://evil.example" });
      assert.equal(page.status, 403);
      assert.ok(page.text.includes("https://evil.example") && page.text.includes(op.issuer), page.text);
      assert.equal((await initiate({})).status, 403);
      assert.deepEqual(refusalsIn(site().app).slice(-2), ["issuer-not-expected", "issuer-not-expected"]);
    });

    it("follows a target within our origin, and no other", async () => {
      for (const [target, end] of [
        [`${site().app.url}/account?x=1`, "/account?x=1"],
        ["https://evil.example/account", landingPath],
        [`${site().app.url}//evil.example`, landingPath],
        ["javascript:alert(1)", landingPath],
      ] as const) {
        const client = site().app.client();
        const left = await initiate({ iss: op.issuer, target_link_uri: target }, client);
        assertRedirect(await finish(left.location, client), end);
      }
    });

    it("signing out leads through the provider to the signed-out page", async () => {
      const client = site().app.client();
      await signInAt(site().app, op, connection, client);
      const away = new URL(leavingTo(await client.post("/logout")));
      assert.equal(away.origin + away.pathname, `${op.issuer}/oauth2/v1/logout`);
      assert.equal(away.searchParams.get("post_logout_redirect_uri"), `${site().app.url}/signed-out`);
      assert.ok(away.searchParams.get("id_token_hint"));
      assert.equal((await client.get("/me")).status, 401);
      assert.equal((await fetch(away)).status, 200);
    });

    it("signing out stays here if the connection does not ask for more", async () => {
      const quiet = await connectOrg(op, {
        baseUrl: site().app.url,
        tenant: await createTestTenant(use().database),
      });
      const client = site().app.client();
      await signInAt(site().app, op, quiet, client);
      const rows: { data: string }[] = await use()
        .database.sql()("sessions")
        .where("connection_id", quiet.id);
      assert.deepEqual(
        rows.map(({ data }) => JSON.parse(data).sealedIdToken),
        [undefined],
        "the ID token is kept for signing out there alone",
      );
      assertRedirect(await client.post("/logout"), "/signed-out");
    });

    it("signing out stays here once the connection no longer asks for more", async () => {
      const { store } = site().acme;
      const settings = connection.settings as OidcSettings;
      const client = site().app.client();
      await signInAt(site().app, op, connection, client);
      await changeSettings(store, connection.id, { ...settings, signOutOfProvider: false });
      assertRedirect(await client.post("/logout"), "/signed-out");
      await changeSettings(store, connection.id, settings);
    });

    it("signing out here never waits for a provider that is down", async () => {
      const away = await startOpenIdProvider();
      away.define({ sub: "00u-away", email: "away@acme.example" });
      const about = { baseUrl: site().app.url, tenant: await createTestTenant(use().database) };
      const through = await connectOrg(away, about, { signOutOfProvider: true });
      const client = site().app.client();
      await signInAt(site().app, away, through, client);
      away.intercept = () => true;
      const replica = await startTestApp(use().database, {
        ...orgOptions,
        baseUrl: site().app.url,
        sessionSecret,
      });
      const there = replica.client();
      for (const [name, value] of client.cookies) there.cookies.set(name, value);
      const answer = there.post("/logout");
      await until("the session has ended", async () => (await client.get("/me")).status === 401, 8);
      assert.ok(!replica.logged.some(({ event }) => event === "oidc.sign_out_failed"), "it still waits");
      await away.close();
      assertRedirect(await answer, "/signed-out");
      assert.ok(replica.logged.some(({ event }) => event === "oidc.sign_out_failed"));
      await replica.close();
    });

    it("signing out stays here if the provider does not offer sign-out", async () => {
      const plain = await startOpenIdProvider();
      plain.define({ sub: "00u-plain", email: "plain@acme.example" });
      plain.intercept = (req, res) => {
        if (req.url !== "/.well-known/openid-configuration") return false;
        const { issuer } = plain;
        const endpoint = (name: string) => `${issuer}/oauth2/v1/${name}`;
        const document = {
          issuer,
          authorization_endpoint: endpoint("authorize"),
          token_endpoint: endpoint("token"),
          userinfo_endpoint: endpoint("userinfo"),
          jwks_uri: endpoint("keys"),
        };
        res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(document));
        return true;
      };
      const about = { baseUrl: site().app.url, tenant: await createTestTenant(use().database) };
      const through = await connectOrg(plain, about, { signOutOfProvider: true });
      const client = site().app.client();
      assertRedirect(await signInAt(site().app, plain, through, client), landingPath);
      assertRedirect(await client.post("/logout"), "/signed-out");
      assert.ok(!site().app.logged.some(({ event }) => event === "oidc.sign_out_failed"));
      await plain.close();
    });

    it("remembers the organisation when asked to, and forgets it again", async () => {
      const client = site().app.client();
      await client.post("/login", { email: "ada@acme.example", remember: "on" });
      const page = await client.get("/login?returnTo=/account");
      assert.ok(page.text.includes(`href="/oidc/${connection.key}/login?returnTo=%2Faccount"`), page.text);
      assert.match(page.text, />Continue with Tenant [^<]*<[\s\S]*>Forget Tenant /);
      assertRedirect(await client.post("/login/forget"), "/login");
      assert.ok(!(await client.get("/login")).text.includes(connection.key));
    });

    it("names no organisation that the browser did not learn at its own sign-in", async () => {
      for (const forged of [`oidc.${connection.key}`, `oidc.${connection.key}.`]) {
        const client = site().app.client();
        client.cookies.set("last-connection", forged);
        assert.match((await client.get("/login")).text, />Continue with your organisation</);
      }
    });

    it("lets the person choose among several connections, and remembers the chosen one", async () => {
      const tenant = await createTestTenant(use().database);
      const about = { baseUrl: site().app.url, tenant };
      const two = [await connectOrg(op, about), await connectOrg(op, about)];
      await tenant.store.domains.markVerified(await addDomain(tenant.store, "two.example"));
      const page = await site().app.client().post("/login", { email: "ada@two.example" });
      assert.equal(headingOf(page), "Choose how to sign in");
      const client = site().app.client();
      for (const { key } of two) {
        const option = `/oidc/${key}/login`;
        assert.ok(page.text.includes(`name="option" value="${option}"`));
        const away = leavingTo(
          await client.post("/login", { email: "ada@two.example", option, remember: "on" }),
        );
        assert.equal(away, `${option}?login_hint=ada%40two.example`);
        assert.ok((await client.get("/login")).text.includes(`href="${option}"`));
      }
    });

    it("refuses a connection that is a draft, is disabled, or does not exist", async () => {
      const tenant = await createTestTenant(use().database);
      const about = { baseUrl: site().app.url, tenant };
      const draft = await connectOrg(op, about, {}, { draft: true });
      const disabled = await connectOrg(op, about);
      const client = site().app.client();
      const left = await client.get(`/oidc/${disabled.key}/login`);
      await disableConnectionUnguarded(tenant.store, disabled.id);
      for (const page of [
        await initiate({ iss: op.issuer }, client, draft.key),
        await initiate({ iss: op.issuer }, client, disabled.key),
        await finish(left.location, client),
      ]) {
        assert.equal(page.status, 403);
        assert.match(page.text, /This way to sign in is not switched on/);
      }
      assert.equal((await client.get("/me")).status, 401);
      assert.equal((await initiate({ iss: op.issuer }, client, "never-was")).status, 404);
    });
  });
});
