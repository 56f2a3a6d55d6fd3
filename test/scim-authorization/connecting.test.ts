import assert from "node:assert/strict";
import * as oauth from "oauth4webapi";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { addressOf, fieldsOf, oktaRedirectUri, useOktaSite } from "../helpers/okta-connect.ts";
import { oktaUser, scimClient } from "../helpers/scim.ts";
import { sessionSecret } from "../helpers/site.ts";

/** The client is oauth4webapi, which no one here wrote: it checks the metadata, the responses, `state` and `iss`. */
describe("connecting Okta by OAuth 2.0", () => {
  onEachDatabase((use) => {
    const site = useOktaSite(use);
    const insecure = { [oauth.allowInsecureRequests]: true };
    const discover = async () => {
      const issuer = new URL(site().app.url);
      const found = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...insecure });
      return await oauth.processDiscoveryResponse(issuer, found);
    };
    const credentials = () => {
      const { clientId, secret } = site().client;
      return { client: { client_id: clientId }, auth: oauth.ClientSecretBasic(secret) };
    };
    let replica: TestApp;
    before(async () => {
      const { app } = site();
      const dataKey = Buffer.from("0123456789abcdef0123456789abcdef");
      replica = await startTestApp(use().database, { sessionSecret, dataKey, baseUrl: app.url });
    });
    after(() => replica.close());

    /** Allows the request in the owner's browser, and reads the response as the client does. */
    async function authorize(server: oauth.AuthorizationServer, verifier: string | null) {
      const { client } = credentials();
      const state = oauth.generateRandomState();
      const url = new URL(server.authorization_endpoint ?? "");
      const challenge = verifier && (await oauth.calculatePKCECodeChallenge(verifier));
      const asked = { client_id: client.client_id, redirect_uri: oktaRedirectUri, scope: "scim", state };
      for (const [name, value] of Object.entries({ response_type: "code", ...asked }))
        url.searchParams.set(name, value);
      if (challenge) {
        url.searchParams.set("code_challenge", challenge);
        url.searchParams.set("code_challenge_method", "S256");
      }
      const browser = await site().browser();
      const path = url.pathname + url.search;
      const page = await browser.get(path);
      const left = await browser.post(path, { ...fieldsOf(page), decision: "allow", source: "okta" });
      return oauth.validateAuthResponse(server, client, new URL(addressOf(left)), state);
    }

    async function redeem(server: oauth.AuthorizationServer, verifier: string | null) {
      const { client, auth } = credentials();
      const parameters = await authorize(server, verifier);
      const proof = verifier ?? oauth.nopkce;
      const redirect = [parameters, oktaRedirectUri, proof, insecure] as const;
      const answer = await oauth.authorizationCodeGrantRequest(server, client, auth, ...redirect);
      return await oauth.processAuthorizationCodeResponse(server, client, answer);
    }

    async function refresh(server: oauth.AuthorizationServer, token: string) {
      const { client, auth } = credentials();
      const answer = await oauth.refreshTokenGrantRequest(server, client, auth, token, insecure);
      return await oauth.processRefreshTokenResponse(server, client, answer);
    }

    for (const pkce of ["with PKCE", "without PKCE, as Okta does"]) {
      it(`gives tokens by which Okta provisions, ${pkce}`, async () => {
        const server = await discover();
        const tokens = await redeem(server, pkce === "with PKCE" ? oauth.generateRandomCodeVerifier() : null);
        assert.ok([3599, 3600].includes(tokens.expires_in ?? 0));
        assert.equal(tokens.scope, "scim");
        const created = await scimClient(site().app, tokens.access_token).send(
          "POST",
          "/Users",
          oktaUser(`${pkce.length}@acme.example`),
        );
        assert.equal(created.status, 201, JSON.stringify(created.body));
        const { store } = site().acme;
        const user = await store.users.byId(String(created.body.id));
        const source = await store.sources.byName("okta");
        assert.equal(user?.sourceId, source?.id);
        const [grant] = await store.provisioningGrants.list();
        assert.equal(grant?.allowedBy, "owner@acme.example");
        assert.ok(grant?.lastUsedAt);
      });
    }

    it("rotates the refresh token, and both access tokens work until they expire", async () => {
      const server = await discover();
      const first = await redeem(server, null);
      const second = await refresh(server, first.refresh_token ?? "");
      assert.notEqual(second.refresh_token, first.refresh_token);
      for (const { access_token: token } of [first, second])
        assert.equal((await scimClient(site().app, token).get("/Users?count=1")).status, 200);
      const third = await refresh(server, second.refresh_token ?? "");
      assert.notEqual(third.access_token, second.access_token);
    });

    it("ends the grant when an old refresh token comes back", async () => {
      const server = await discover();
      const first = await redeem(server, null);
      const second = await refresh(server, first.refresh_token ?? "");
      const third = await refresh(server, second.refresh_token ?? "");
      const isInvalid = (error: unknown) =>
        error instanceof oauth.ResponseBodyError && error.error === "invalid_grant";
      await assert.rejects(refresh(server, first.refresh_token ?? ""), isInvalid);
      await assert.rejects(refresh(server, third.refresh_token ?? ""), isInvalid);
      for (const { access_token: token } of [first, second, third])
        assert.equal((await scimClient(site().app, token).get("/Users")).status, 401);
      const [grant] = await site().acme.store.provisioningGrants.list();
      assert.equal(grant?.endCause, "token-reused");
      const [entry] = await site().acme.store.activity.latest(1);
      assert.deepEqual([entry?.action, entry?.reason], ["grant.ended", "token-reused"]);
    });

    it("is undone by the client with a revocation", async () => {
      const server = await discover();
      const { client, auth } = credentials();
      const { access_token: access, refresh_token: token = "" } = await redeem(server, null);
      await oauth.processRevocationResponse(
        await oauth.revocationRequest(server, client, auth, access, insecure),
      );
      assert.equal((await scimClient(site().app, access).get("/Users")).status, 401);
      const next = await refresh(server, token);
      const last = next.refresh_token ?? "";
      await oauth.processRevocationResponse(
        await oauth.revocationRequest(server, client, auth, last, insecure),
      );
      assert.equal((await scimClient(site().app, next.access_token).get("/Users")).status, 401);
      await assert.rejects(refresh(server, last), oauth.ResponseBodyError);
      // An unknown token gets the same answer (RFC 7009 §2.2).
      await oauth.processRevocationResponse(
        await oauth.revocationRequest(server, client, auth, "x", insecure),
      );
    });

    it("redeems a code on another replica, once of two requests at the same time", async () => {
      const { allow, browser, token } = site();
      const code = (await allow(await browser())).get("code") ?? "";
      const form = { grant_type: "authorization_code", code, redirect_uri: oktaRedirectUri };
      const answers = await Promise.all([token(form, replica), token(form), token(form, replica)]);
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400]);
      const won = JSON.parse(answers.find(({ status }) => status === 200)?.text ?? "") as {
        access_token: string;
      };
      assert.equal(
        (await scimClient(replica, won.access_token).get("/Users")).status,
        401,
        "a reused code ends it",
      );
    });

    it("gives the same response to the same refresh token at the same time, on every replica", async () => {
      const tokens = await site().connect();
      const apps = [site().app, replica, replica, site().app];
      const answers = await Promise.all(apps.map((app) => site().refresh(tokens.refresh_token, app)));
      const pairs = answers.map(({ status, text }) => [status, JSON.parse(text).refresh_token]);
      assert.equal(new Set(pairs.map(String)).size, 1, pairs.join("\n"));
      assert.equal(pairs[0]?.[0], 200);
      const next = await site().refresh(String(pairs[0]?.[1]), replica);
      assert.equal(next.status, 200, "the grant is alive");
    });
  });
});
