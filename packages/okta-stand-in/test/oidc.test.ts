import assert from "node:assert/strict";
import { decodeJwt, decodeProtectedHeader } from "jose";
import * as openid from "openid-client";
import { rotateKeys } from "../src/org.ts";
import { activatePerson, deactivatePerson, suspendPerson } from "../src/people.ts";
import type { OrgApp, OrgPerson } from "../src/state.ts";
import { addApp, addTo, governed, oidcSignOn, startStandIn, type TestOrg } from "../src/testing.ts";
import type { Visitor } from "../src/visitor.ts";

const redirectUri = "http://localhost:9/callback";

describe("the stand-in org's authorization server", () => {
  let org: TestOrg;
  let person: OrgPerson;
  let app: OrgApp;
  let configuration: openid.Configuration;

  before(async () => {
    org = await startStandIn();
    person = addTo(org, { login: "test.user@okta.example" });
    app = addApp(org, oidcSignOn(redirectUri), [person]);
    configuration = await openid.discovery(
      new URL(org.url),
      app.id,
      { id_token_signed_response_alg: "RS256" },
      openid.ClientSecretBasic("the secret of an app"),
      { execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks] },
    );
  });
  after(() => org.close());

  async function begin(more: Record<string, string> = {}) {
    const verifier = openid.randomPKCECodeVerifier();
    const state = openid.randomState();
    const nonce = openid.randomNonce();
    const url = openid.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: "openid profile email",
      state,
      nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      ...more,
    });
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce };
    return { url, checks };
  }

  /** Follows the org's redirects until they leave the org or end at a page. */
  async function follow(browser: Visitor, url: URL) {
    let next = url;
    for (let hops = 0; hops < 8; hops++) {
      const answer = await browser.get(next.pathname + next.search);
      if (!answer.location) return { url: next, page: answer };
      next = new URL(answer.location, next);
      if (next.origin !== org.url) return { url: next, page: null };
    }
    return assert.fail("round in circles");
  }

  async function signIn(browser: Visitor, more: Record<string, string> = {}) {
    const { url, checks } = await begin(more);
    const back = await follow(browser, url);
    assert.equal(back.url.href.startsWith(redirectUri), true, back.page?.text);
    return { tokens: await openid.authorizationCodeGrant(configuration, back.url, checks), back: back.url };
  }

  it("passes all of openid-client's checks, with a thin ID token and the other claims at /userinfo", async () => {
    const { tokens, back } = await signIn(await org.signedIn(person));
    assert.equal(back.searchParams.has("iss"), false, "Okta's answers name no issuer");
    const { iat, exp, auth_time, nonce, at_hash, jti, ...claims } = decodeJwt(tokens.id_token ?? "");
    assert.deepEqual(claims, {
      sub: person.id,
      ver: 1,
      iss: org.url,
      aud: app.id,
      idp: org.store.state.idpId,
      amr: ["pwd"],
      name: "Test User",
      preferred_username: person.login,
      email: person.email,
    });
    assert.match(person.id, /^00u/);
    assert.match(String(jti), /^ID\./);
    assert.equal((exp ?? 0) - (iat ?? 0), 3600);
    assert.deepEqual([typeof nonce, typeof at_hash, typeof auth_time], ["string", "string", "number"]);
    const { alg, kid } = decodeProtectedHeader(tokens.id_token ?? "");
    assert.deepEqual([alg, kid], ["RS256", org.store.state.keys[0]?.kid]);
    assert.throws(() => decodeJwt(tokens.access_token), "the access token is opaque");
    assert.deepEqual([tokens.token_type, tokens.expires_in], ["bearer", 3600]);
    const userinfo = await openid.fetchUserInfo(configuration, tokens.access_token, person.id);
    assert.deepEqual(
      [userinfo.given_name, userinfo.family_name, userinfo.email],
      ["Test", "User", person.email],
    );
  });

  it("adds federated claims with a person's entitlements to the ID token", async () => {
    governed(app);
    const admin = org.browser();
    const add = (form: Record<string, string>) => admin.post(`/admin/apps/${app.id}/claims`, form);
    await add({ name: "email", expression: "appuser.entitlements.role" });
    await add({ name: "roles", expression: "appuser.entitlements.role" });
    const refused = await add({ name: "other", expression: "user.login" });
    assert.match((await admin.get(refused.location ?? "")).text, /role="alert">The stand-in knows appuser/);
    await admin.post(`/admin/apps/${app.id}/access/${person.id}`, { value: "Role/admin" });
    const { tokens } = await signIn(await org.signedIn(person));
    const { roles, email, other } = decodeJwt(tokens.id_token ?? "");
    assert.deepEqual([roles, email, other], [["admin"], person.email, undefined]);
    await admin.post(`/admin/apps/${app.id}/claims/1/delete`);
    const again = await signIn(await org.signedIn(person));
    assert.equal(decodeJwt(again.tokens.id_token ?? "").roles, undefined);
    delete app.governance;
  });

  it("publishes Okta's discovery document at both well-known addresses", async () => {
    for (const path of ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]) {
      const document = (await (await fetch(org.url + path)).json()) as Record<string, unknown>;
      assert.equal(document.issuer, org.url);
      assert.equal(document.token_endpoint, `${org.url}/oauth2/v1/token`);
      assert.equal(document.jwks_uri, `${org.url}/oauth2/v1/keys`);
      assert.deepEqual(document.code_challenge_methods_supported, ["S256"]);
      assert.equal(document.authorization_response_iss_parameter_supported, undefined);
    }
    const { keys } = (await (await fetch(`${org.url}/oauth2/v1/keys`)).json()) as { keys: object[] };
    assert.deepEqual(
      keys.map((key) => Object.keys(key).sort()),
      [["alg", "e", "kid", "kty", "n", "use"]],
    );
  });

  it("shows its own sign-in page, and continues the request after it", async () => {
    const browser = org.browser();
    const { url, checks } = await begin({ login_hint: person.login });
    const { url: asked, page } = await follow(browser, url);
    assert.equal(asked.pathname, "/login");
    assert.match(page?.text ?? "", /name="username" value="test\.user@okta\.example"/);
    const fromURI = asked.searchParams.get("fromURI") ?? "";
    const signedIn = await browser.post("/login", { username: person.login.toUpperCase(), fromURI });
    const back = await follow(browser, new URL(signedIn.location ?? "", org.url));
    const tokens = await openid.authorizationCodeGrant(configuration, back.url, checks);
    assert.equal(tokens.claims()?.sub, person.id);
  });

  it("signs in the current person of the browser, not an earlier one", async () => {
    const other = addTo(org, { login: "other@okta.example" });
    app.assignments[other.id] = { remoteId: null, state: "waiting", problem: null };
    const browser = await org.signedIn(person);
    await signIn(browser);
    await browser.get("/login/signout");
    await browser.post("/login", { username: other.login });
    assert.equal((await signIn(browser)).tokens.claims()?.sub, other.id);
  });

  it("answers prompt=none at once, and prompt=login only after another sign-in", async () => {
    const browser = await org.signedIn(person);
    assert.equal((await signIn(browser, { prompt: "none" })).tokens.claims()?.sub, person.id);
    const silent = await follow(org.browser(), (await begin({ prompt: "none" })).url);
    assert.equal(silent.url.searchParams.get("error"), "login_required");
    const asked = await follow(browser, (await begin({ prompt: "login" })).url);
    assert.equal(asked.url.pathname, "/login");
  });

  for (const [who, problem] of [
    ["a person who is not assigned", () => addTo(org, { login: "unassigned@okta.example" })],
    [
      "a person who is being unassigned",
      () => {
        const leaving = addTo(org, { login: "leaving@okta.example" });
        app.assignments[leaving.id] = { remoteId: "x", state: "removing", problem: null };
        return leaving;
      },
    ],
  ] as const) {
    it(`sends ${who} back with access_denied`, async () => {
      const { url } = await follow(await org.signedIn(problem()), (await begin()).url);
      assert.equal(url.searchParams.get("error"), "access_denied");
      assert.equal(
        url.searchParams.get("error_description"),
        "User is not assigned to the client application.",
      );
    });
  }

  it("refuses scopes that an OIN integration may not use", async () => {
    for (const scope of ["openid groups", "openid offline_access"]) {
      const { url } = await follow(
        await org.signedIn(person),
        (await begin({ scope, prompt: "consent" })).url,
      );
      assert.equal(url.searchParams.get("error"), "invalid_scope", scope);
    }
  });

  it("ends the sessions of a suspended or deactivated person", async () => {
    const leaver = addTo(org, { login: "leaver@okta.example" });
    const browser = await org.signedIn(leaver);
    assert.equal((await browser.get("/app/UserHome")).status, 200);
    suspendPerson(org, leaver.id);
    assert.equal((await browser.get("/app/UserHome")).location, "/login");
    assert.equal((await browser.post("/login", { username: leaver.login })).status, 403);
    activatePerson(org, leaver.id);
    await browser.post("/login", { username: leaver.login });
    await deactivatePerson(org, leaver.id);
    assert.equal((await browser.get("/app/UserHome")).location, "/login");
  });

  it("signs with the new key after a rotation, and still publishes the old one", async () => {
    const { tokens: before } = await signIn(await org.signedIn(person));
    await rotateKeys(org);
    const { keys } = (await (await fetch(`${org.url}/oauth2/v1/keys`)).json()) as { keys: { kid: string }[] };
    assert.equal(keys.length, 2);
    assert.ok(keys.some(({ kid }) => kid === decodeProtectedHeader(before.id_token ?? "").kid));
    const configured = configuration.serverMetadata();
    const fresh = new openid.Configuration(
      configured,
      app.id,
      {},
      openid.ClientSecretBasic("the secret of an app"),
    );
    openid.allowInsecureRequests(fresh);
    openid.enableNonRepudiationChecks(fresh);
    configuration = fresh;
    const { tokens: after } = await signIn(await org.signedIn(person));
    assert.notEqual(
      decodeProtectedHeader(after.id_token ?? "").kid,
      decodeProtectedHeader(before.id_token ?? "").kid,
    );
  });

  it("signs out at the app's request, and redirects to registered addresses only", async () => {
    const browser = await org.signedIn(person);
    const { tokens } = await signIn(browser);
    const query = (target: string, hint = tokens.id_token ?? "") =>
      `/oauth2/v1/logout?${new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: target, state: "s" })}`;
    assert.equal((await browser.get(query("https://elsewhere.example"))).status, 400);
    assert.equal((await browser.get(query(`${redirectUri}/out`, `${tokens.id_token}x`))).status, 400);
    assert.equal((await browser.get("/app/UserHome")).status, 200, "still signed in");
    assert.equal((await browser.get(query(`${redirectUri}/out`))).location, `${redirectUri}/out?state=s`);
    assert.equal((await browser.get("/app/UserHome")).location, "/login");
  });

  it("opens the app's tile at its Initiate login URI, with the issuer", async () => {
    const browser = await org.signedIn(person);
    const { text } = await browser.get("/app/UserHome");
    const tile = /href="(\/home\/[^"]+)"/.exec(text)?.[1] ?? "";
    const { location } = await browser.get(tile);
    assert.equal(location, `${redirectUri}/initiate?iss=${encodeURIComponent(org.url)}`);
    assert.equal((await org.browser().get(tile)).location, `/login?fromURI=${encodeURIComponent(tile)}`);
  });

  it("refuses cross-site forms, other host names, and foreign addresses after the sign-in", async () => {
    const foreign = await org
      .browser()
      .post("/login", { username: person.login }, { origin: "https://evil.example" });
    assert.equal(foreign.status, 403);
    const { port } = new URL(org.url);
    const renamed = await fetch(`http://localhost:${port}/login`);
    assert.equal(renamed.status, 421);
    assert.equal(
      (await org.browser().post("/login", { username: person.login, fromURI: "//evil.example" })).location,
      "/app/UserHome",
    );
  });
});
