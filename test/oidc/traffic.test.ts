import assert from "node:assert/strict";
import { rotateSecret } from "../../src/directory/connections.ts";
import type { Connection } from "../../src/model.ts";
import { landingPath } from "../../src/web/home.ts";
import { startTestApp } from "../helpers/app.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { comeBack, connectOrg, orgOptions, orgSealer, refusalsIn, signInAt } from "../helpers/org.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createTestTenant, type TestTenant } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";

describe("concurrent sign-ins by OpenID Connect", () => {
  onEachDatabase((use) => {
    const site = useSite(use, orgOptions);
    let op: OpenIdProvider;
    let tenant: TestTenant;
    let connection: Connection;
    beforeEach(async () => {
      op = await startOpenIdProvider();
      op.define({ sub: "00u-ada", email: "ada@acme.example" });
      tenant = await createTestTenant(use().database);
      connection = await connect();
    });
    afterEach(() => op.close());

    const connect = () => connectOrg(op, { baseUrl: site().app.url, tenant });
    const signIn = (client = site().app.client()) => signInAt(site().app, op, connection, client);
    const tokenCalls = () => op.calls.filter((path) => path === "/oauth2/v1/token").length;

    it("two tabs and two connections of one browser do not interfere", async () => {
      const client = site().app.client();
      const other = await connectOrg(op, {
        baseUrl: site().app.url,
        tenant: await createTestTenant(use().database),
      });
      const away: string[] = [];
      for (const { key } of [connection, connection, other])
        away.push((await client.get(`/oidc/${key}/login`)).location ?? "");
      for (const url of away.reverse())
        assertRedirect(await comeBack(site().app, op, client, url), landingPath);
    });

    it("a sign-in that began on one replica ends on another", async () => {
      const options = { ...orgOptions, baseUrl: site().app.url };
      const replica = await startTestApp(use().database, options);
      const [begins, ends] = [site().app.client(), replica.client()];
      const { location } = await begins.get(`/oidc/${connection.key}/login`);
      for (const [name, value] of begins.cookies) ends.cookies.set(name, value);
      assertRedirect(await comeBack(site().app, op, ends, location ?? ""), landingPath);
      assert.equal((await ends.get("/me")).status, 200);
      await replica.close();
    });

    it("concurrent first sign-ins of one person create one user", async () => {
      const browsers = Array.from({ length: 4 }, () => site().app.client());
      const answers = await Promise.all(browsers.map((client) => signIn(client)));
      for (const answer of answers) assertRedirect(answer, landingPath);
      const people = await Promise.all(browsers.map(async (client) => (await client.get("/me")).text));
      assert.equal(new Set(people).size, 1);
    });

    it("the old secret works until the new one has worked, and is then deleted", async () => {
      await rotateSecret(tenant.store, orgSealer, connection.id, "the new secret");
      assertRedirect(await signIn(), landingPath);
      assert.ok((await tenant.store.connections.sealedSecrets(connection.id)).former);
      op.changeSecret("the new secret");
      assertRedirect(await signIn(), landingPath);
      assert.equal((await tenant.store.connections.sealedSecrets(connection.id)).former, null);
    });

    it("correcting a mistyped new secret refuses no one", async () => {
      await rotateSecret(tenant.store, orgSealer, connection.id, "the new secert");
      await rotateSecret(tenant.store, orgSealer, connection.id, "the new secret");
      assertRedirect(await signIn(), landingPath);
      op.changeSecret("the new secret");
      assertRedirect(await signIn(), landingPath);
    });

    it("a wrong secret signs no one in", async () => {
      await rotateSecret(tenant.store, orgSealer, connection.id, "wrong");
      op.changeSecret("another");
      assert.equal((await signIn()).status, 403);
      assert.equal(refusalsIn(site().app).at(-1), "provider-client-refused");
      assert.equal(tokenCalls(), 2);
    });

    it("the old secret is tried even if the provider refuses the new one without a challenge", async () => {
      await rotateSecret(tenant.store, orgSealer, connection.id, "the new secret");
      answerToken(op, 400, { error: "invalid_client" }, 1);
      assertRedirect(await signIn(), landingPath);
      assert.equal(tokenCalls(), 2);
    });

    it("the old secret is tried even if the provider names the code in another member", async () => {
      await rotateSecret(tenant.store, orgSealer, connection.id, "the new secret");
      answerToken(op, 400, { errorCode: "invalid_client" }, 1);
      assertRedirect(await signIn(), landingPath);
      assert.equal(tokenCalls(), 2);
    });

    it("the old secret is not tried if the provider refuses the code and not the secret", async () => {
      await rotateSecret(tenant.store, orgSealer, connection.id, "the new secret");
      answerToken(op, 400, { error: "invalid_grant" });
      assert.equal((await signIn()).status, 403);
      assert.equal(tokenCalls(), 1);
    });

    it("rotating signing keys loses no sign-in", async () => {
      const logins: Promise<unknown>[] = [];
      for (let n = 0; n < 20; n++) {
        // The first rotation is to an unpublished key; the second key was announced before it signs.
        if (n === 7) await op.rotateKeys({ announceNext: true });
        if (n === 14) await op.rotateKeys();
        logins.push(signIn().then((answer) => assertRedirect(answer, landingPath)));
        if (n % 4 === 3) await Promise.all(logins);
      }
      await Promise.all(logins);
    });

    it("waits once for a rate limit of the token endpoint that ends soon", async () => {
      limitTokens(op, 1, 1);
      assertRedirect(await signIn(), landingPath);
      assert.equal(tokenCalls(), 2);
    });

    it("waits once for a token endpoint, keys and discovery that send Retry-After alone", async () => {
      const paths = ["/oauth2/v1/token", "/oauth2/v1/keys", "/.well-known/openid-configuration"];
      for (const [n, path] of paths.entries()) {
        const busy = await startOpenIdProvider();
        busy.define({ sub: `00u-${n}`, email: `person-${n}@acme.example` });
        const through = await connectOrg(busy, { baseUrl: site().app.url, tenant });
        let left = 1;
        busy.intercept = (req, res) =>
          req.url === path && left-- > 0 && Boolean(res.writeHead(429, { "retry-after": "0" }).end());
        const answer = await signInAt(site().app, busy, through);
        await busy.close();
        assert.ok(
          answer.status === 303 || /just-in-time|account/.test(answer.text),
          `${path}: ${answer.text}`,
        );
        assert.equal(busy.calls.filter((called) => called === path).length, 2, path);
      }
    });

    it("does not wait for a rate limit that ends late, and says what to do", async () => {
      limitTokens(op, 60, 1);
      const page = await signIn();
      assert.equal(page.status, 403);
      assert.match(
        page.text,
        /Your identity provider does not answer right now.*Try again in a few minutes/s,
      );
      assert.equal(tokenCalls(), 1);
      assert.equal(refusalsIn(site().app).at(-1), "provider-unavailable");
    });

    it("retries discovery once, and then shows an error page", async () => {
      let failures = 1;
      op.intercept = (_req, res) => failures-- > 0 && Boolean(res.writeHead(503).end());
      assertRedirect(await signIn(), landingPath);
      const down = await startOpenIdProvider();
      const through = await connectOrg(down, { baseUrl: site().app.url, tenant });
      await down.close();
      const page = await site().app.client().get(`/oidc/${through.key}/login`);
      assert.deepEqual([page.status, refusalsIn(site().app).at(-1)], [403, "provider-unavailable"]);
    });

    it("fetches discovery and keys once for all sign-ins", async () => {
      for (let n = 0; n < 3; n++) assertRedirect(await signIn(), landingPath);
      for (const path of ["/.well-known/openid-configuration", "/oauth2/v1/keys"])
        assert.equal(op.calls.filter((called) => called === path).length, 1, path);
    });

    it("gives up on a discovery document that never arrives", async () => {
      op.intercept = () => true;
      const page = await site().app.client().get(`/oidc/${connection.key}/login`);
      assert.deepEqual([page.status, refusalsIn(site().app).at(-1)], [403, "provider-unavailable"]);
      op.intercept = null;
      assertRedirect(await signIn(), landingPath);
    });
  });
});

/** Makes the token endpoint answer 429 to some calls, with a limit that ends in some seconds. */
function limitTokens(op: OpenIdProvider, seconds: number, calls: number): void {
  const reset = () => ({ "x-rate-limit-reset": String(Math.floor(Date.now() / 1000) + seconds) });
  const body = { errorCode: "E0000047", errorSummary: "API call exceeded rate limit" };
  answerToken(op, 429, body, calls, reset);
}

/** Replaces the answers of the token endpoint to some calls. */
function answerToken(
  op: OpenIdProvider,
  status: number,
  body: object,
  calls = 1,
  headers: () => Record<string, string> = () => ({}),
): void {
  let left = calls;
  op.intercept = (req, res) => {
    if (req.url !== "/oauth2/v1/token" || left-- <= 0) return false;
    res.writeHead(status, { ...headers(), "content-type": "application/json" }).end(JSON.stringify(body));
    return true;
  };
}
