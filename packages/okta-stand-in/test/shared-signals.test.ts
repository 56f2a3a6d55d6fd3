import assert from "node:assert/strict";
import { createRemoteJWKSet, jwtVerify } from "jose";
import * as openid from "openid-client";
import type { OrgApp, OrgPerson } from "../src/state.ts";
import { addApp, addSignalsApp, addTo, oidcSignOn, startStandIn, type TestOrg } from "../src/testing.ts";
import type { Visitor } from "../src/visitor.ts";
import { SignalReceiver } from "./signal-receiver.ts";

const caep = "https://schemas.openid.net/secevent/caep/event-type";
const both = [`${caep}/session-revoked`, `${caep}/credential-change`];
const callback = "http://localhost:9/callback";

describe("shared signals that the org transmits", () => {
  const receiver = new SignalReceiver();
  const waits: number[] = [];
  let org: TestOrg;
  let admin: Visitor;
  let app: OrgApp;
  let ada: OrgPerson;
  let token: string;
  before(async () => {
    await receiver.start();
    org = await startStandIn({ wait: async (ms) => void waits.push(ms) });
    admin = org.browser();
  });
  after(async () => {
    await org.close();
    receiver.close();
  });
  beforeEach(async () => {
    await org.reset({ people: {}, groups: {}, apps: {} });
    ada = addTo(org, { login: "ada@acme.example" });
    app = addSignalsApp(org, callback, [ada]);
    token = (await tokensOf(app)).access_token;
    receiver.answers = [];
    receiver.pushes.length = 0;
    waits.length = 0;
  });

  const configurationOf = ({ id, signOn }: OrgApp) =>
    openid.discovery(
      new URL(org.url),
      id,
      { id_token_signed_response_alg: "RS256" },
      openid.ClientSecretBasic(signOn.kind === "oidc" ? signOn.clientSecret : ""),
      { execute: [openid.allowInsecureRequests] },
    );

  /** Where the authorization endpoint leads an administrator who is signed in. */
  async function authorize(client: OrgApp, scope: string): Promise<{ url: URL; verifier: string }> {
    const verifier = openid.randomPKCECodeVerifier();
    const target = openid.buildAuthorizationUrl(await configurationOf(client), {
      redirect_uri: callback,
      scope,
      state: "s",
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    });
    const browser = await org.signedIn(ada);
    let url = target;
    while (url.origin === org.url) {
      const { location } = await browser.get(url.pathname + url.search);
      url = new URL(location ?? assert.fail("no redirect"), org.url);
    }
    return { url, verifier };
  }

  async function tokensOf(client: OrgApp, scope = "openid offline_access ssf.manage ssf.read") {
    const { url, verifier } = await authorize(client, scope);
    return await openid.authorizationCodeGrant(await configurationOf(client), url, {
      pkceCodeVerifier: verifier,
      expectedState: "s",
    });
  }

  async function call(method: string, path: string, body?: object, bearer = token) {
    const response = await fetch(`${org.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    return { status: response.status, body: (text ? JSON.parse(text) : {}) as Record<string, unknown> };
  }

  const path = "/api/v1/ssf/stream";
  const wish = (more: object = {}) => ({
    delivery: { method: "urn:ietf:rfc:8935", endpoint_url: receiver.url, authorization_header: "Bearer s3" },
    events_requested: both,
    ...more,
  });
  const idOf = async () => String((await call("POST", path, wish())).body.stream_id);
  const act = async (action: string) => void (await admin.post(`/admin/users/${ada.id}/${action}`));

  /** The SETs that arrived, after everything pending was answered. */
  async function arrived() {
    await org.signals.resume();
    return receiver.pushes;
  }

  it("publishes the transmitter's metadata to everyone, with the keys of the org", async () => {
    const response = await fetch(`${org.url}/.well-known/ssf-configuration`);
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), {
      issuer: org.url,
      jwks_uri: `${org.url}/oauth2/v1/keys`,
      configuration_endpoint: `${org.url}${path}`,
      verification_endpoint: `${org.url}${path}/verification`,
      delivery_methods_supported: ["urn:ietf:rfc:8935"],
      authorization_schemes: [{ spec_urn: "urn:ietf:rfc:6749" }],
      default_subjects: "ALL",
      spec_version: "1_0-ID3",
    });
  });

  it("grants the scopes and a refresh token to a custom app, and refuses both to every other app", async () => {
    const tokens = await tokensOf(app);
    assert.deepEqual(tokens.scope?.split(" ").sort(), ["offline_access", "openid", "ssf.manage", "ssf.read"]);
    const configuration = await configurationOf(app);
    const refresh = String(tokens.refresh_token);
    const next = await openid.refreshTokenGrant(configuration, refresh);
    assert.equal(next.refresh_token, refresh, "a refresh token persists by default");
    const other = addApp(org, oidcSignOn(callback), [ada]);
    for (const scope of ["openid ssf.manage", "openid offline_access"]) {
      const { url } = await authorize(other, scope);
      assert.equal(url.searchParams.get("error"), "invalid_scope", scope);
    }
    Object.assign(app.signOn, { apiScopes: ["ssf.read"] });
    const { url } = await authorize(app, "openid ssf.read ssf.manage");
    assert.equal(url.searchParams.get("error"), "invalid_scope");
  });

  it("grants the scopes of the API without openid, too", async () => {
    const tokens = await tokensOf(app, "ssf.manage ssf.read offline_access");
    assert.equal(tokens.id_token, undefined);
    assert.equal((await call("GET", path, undefined, tokens.access_token)).status, 200);
    assert.ok(tokens.refresh_token);
  });

  it("replaces the refresh token at each use, if the app is set so", async () => {
    Object.assign(app.signOn, { rotatesRefreshTokens: true });
    const configuration = await configurationOf(app);
    const { refresh_token: first = "" } = await tokensOf(app);
    const { refresh_token: second = "" } = await openid.refreshTokenGrant(configuration, first);
    assert.notEqual(second, first);
    await assert.rejects(openid.refreshTokenGrant(configuration, first), { error: "invalid_grant" });
  });

  it("refuses a call without a token, without the scope, and for another client's stream", async () => {
    const id = await idOf();
    assert.equal((await call("GET", path, undefined, "unknown")).status, 401);
    const { access_token: reader } = await tokensOf(app, "openid ssf.read");
    assert.equal((await call("GET", path, undefined, reader)).status, 200);
    assert.deepEqual((await call("POST", path, wish(), reader)).body.errorCode, "E0000006");
    const { access_token: stranger } = await tokensOf(addSignalsApp(org, callback, [ada]));
    assert.deepEqual((await call("GET", path, undefined, stranger)).body, []);
    assert.equal((await call("GET", `${path}?stream_id=${id}`, undefined, stranger)).status, 404);
    assert.equal((await call("DELETE", `${path}?stream_id=${id}`, undefined, stranger)).status, 404);
    const verification = { stream_id: id };
    assert.equal((await call("POST", `${path}/verification`, verification, stranger)).status, 404);
    app.active = false;
    assert.equal((await call("GET", path)).status, 401);
  });

  it("creates, shows, changes and deletes the one stream of a client", async () => {
    const created = await call("POST", path, wish());
    assert.equal(created.status, 201);
    const { stream_id: id, aud } = created.body;
    assert.deepEqual(created.body, {
      ...{ stream_id: id, iss: org.url, aud, ...wish(), format: "iss_sub" },
      ...{ events_supported: both, events_delivered: both, min_verification_interval: 60 },
    });
    assert.equal((await call("POST", path, wish())).status, 409);
    assert.deepEqual((await call("GET", `${path}?stream_id=${id}`)).body, created.body);
    assert.deepEqual((await call("GET", `${path}/status?stream_id=${id}`)).body, {
      stream_id: id,
      status: "enabled",
    });
    const one = { stream_id: id, events_requested: [both[0], "https://example.com/other"] };
    const patched = await call("PATCH", path, one);
    assert.deepEqual(patched.body.events_delivered, [both[0]]);
    assert.equal((await call("PATCH", path, { iss: "https://other.example" })).status, 400);
    assert.equal((await call("PUT", path, { events_requested: both })).status, 400);
    assert.deepEqual(
      (await call("PUT", path, { ...created.body, events_delivered: undefined })).body,
      created.body,
    );
    assert.equal((await call("POST", `${path}/status`, { stream_id: id, status: "paused" })).status, 405);
    assert.equal((await call("DELETE", `${path}?stream_id=${id}`)).status, 204);
    assert.equal((await call("GET", `${path}?stream_id=${id}`)).status, 404);
  });

  it("refuses a body without push delivery or events, and an eleventh stream", async () => {
    assert.equal((await call("POST", path, { ...wish(), events_requested: [] })).status, 400);
    const poll = { method: "urn:ietf:rfc:8936", endpoint_url: receiver.url };
    assert.equal((await call("POST", path, wish({ delivery: poll }))).body.errorCode, "E0000001");
    for (let count = 0; count < 10; count++) {
      const client = addSignalsApp(org, callback, [ada]);
      const { access_token: bearer } = await tokensOf(client);
      assert.equal((await call("POST", path, wish(), bearer)).status, 201);
    }
    assert.equal((await call("POST", path, wish())).status, 400);
  });

  it("verifies a stream with the state of the receiver, in a signed SET with the receiver's header", async () => {
    const id = await idOf();
    const asked = { stream_id: id, state: "VGhpcyBpcyBhbiBleGFtcGxl" };
    assert.equal((await call("POST", `${path}/verification`, asked)).status, 204);
    const [push, ...others] = await arrived();
    assert.ok(push && others.length === 0);
    const { authorization, accept, "content-type": contentType } = push.headers;
    assert.deepEqual(
      [authorization, accept, contentType],
      ["Bearer s3", "application/json", "application/secevent+jwt"],
    );
    const keys = createRemoteJWKSet(new URL(`${org.url}/oauth2/v1/keys`));
    const { payload, protectedHeader } = await jwtVerify(push.token, keys, {
      ...{ algorithms: ["RS256"], typ: "secevent+jwt", issuer: org.url, audience: receiver.url },
    });
    assert.equal(protectedHeader.alg, "RS256");
    assert.deepEqual([payload.sub, payload.exp], [undefined, undefined]);
    assert.deepEqual(payload.sub_id, { format: "opaque", id });
    assert.deepEqual(payload.events, {
      "https://schemas.openid.net/secevent/ssf/event-type/verification": { state: asked.state },
    });
  });

  it("tells of ended sessions and changed credentials, in the shape of Okta", async () => {
    await idOf();
    for (const action of ["clear-sessions", "reset-password", "reset-multifactor", "enroll-factor"])
      await act(action);
    await admin.post(`/admin/users/${ada.id}/password`, { password: "a new password" });
    const browser = await org.signedIn(ada);
    await browser.get("/login/signout");
    const events = (await arrived()).map(({ claims }) => Object.entries(claims.events ?? {}));
    const subject = { format: "iss_sub", iss: org.url, sub: ada.id };
    const seen = events.map(([[type = "", event = {}] = []]) => [
      type.split("/").at(-1),
      event.subject,
      event.credential_type,
      event.change_type,
      event.initiating_entity,
    ]);
    assert.deepEqual(seen, [
      ["session-revoked", { user: subject }, undefined, undefined, "admin"],
      ["credential-change", subject, "password", "revoke", "admin"],
      ["credential-change", subject, "ALL_FACTORS", "revoke", "admin"],
      ["credential-change", subject, "OKTA_VERIFY_PUSH", "create", "user"],
      ["credential-change", subject, "password", "revoke", "admin"],
      ["session-revoked", { user: subject }, undefined, undefined, "user"],
    ]);
    const [[, event] = []] = events[0] ?? [];
    assert.deepEqual(event?.reason_admin, { en: "The session ended" });
    assert.ok(Number(event?.event_timestamp) > Date.now() - 60_000, "in milliseconds");
  });

  it("tells in the shape of the final specifications, if it is set so", async () => {
    await admin.post("/admin/signals/shape", { shape: "final" });
    const id = await idOf();
    await act("clear-sessions");
    const [push] = await arrived();
    assert.deepEqual(push?.claims.sub_id, { format: "iss_sub", iss: org.url, sub: ada.id });
    const event = push?.claims.events?.[`${caep}/session-revoked`];
    assert.equal(event?.subject, undefined);
    assert.ok(Math.abs(Number(event?.event_timestamp) - Date.now() / 1000) < 60, "in seconds");
    const metadata = await fetch(`${org.url}/.well-known/ssf-configuration`);
    assert.match(await metadata.text(), /"status_endpoint"/);
    const paused = { stream_id: id, status: "paused", reason: "Maintenance" };
    assert.deepEqual((await call("POST", `${path}/status`, paused)).body, paused);
  });

  it("tells each receiver only what it requested", async () => {
    await call("POST", path, wish({ events_requested: [both[1]] }));
    await act("clear-sessions");
    await act("reset-password");
    assert.deepEqual(
      (await arrived()).map(({ claims }) => Object.keys(claims.events ?? {})),
      [[both[1]]],
    );
  });

  it("tries again after 503 and 429 with the same SET, and not after 400", async () => {
    await idOf();
    receiver.answers = [[503], [429], [202], [400, { err: "invalid_key", description: "no" }]];
    await act("clear-sessions");
    await act("reset-password");
    const jtis = (await arrived()).map(({ claims }) => claims.jti);
    assert.equal(jtis.length, 4);
    assert.equal(new Set(jtis.slice(0, 3)).size, 1);
    assert.deepEqual(waits, [1_000, 2_000]);
    const states = org.store.state.signals?.sent.map(({ state, attempts }) => [state, attempts]);
    assert.deepEqual(states, [
      ["delivered", 3],
      ["failed", 1],
    ]);
    assert.match((await admin.get("/admin/signals")).text, /failed[\s\S]*invalid_key[\s\S]*3 attempts/);
    const log = (await admin.get("/admin/reports/system-log")).text;
    assert.match(log, /Signal credential-change about ada@acme\.example/);
  });

  it("holds the events of a paused stream, says so, and sends nothing of a deleted one", async () => {
    const id = await idOf();
    await admin.post(`/admin/signals/${id}/pause`);
    await act("clear-sessions");
    const typesOf = async () =>
      (await arrived()).map(({ claims }) =>
        Object.keys(claims.events ?? {})[0]
          ?.split("/")
          .at(-1),
      );
    assert.deepEqual(await typesOf(), ["stream-updated"]);
    await admin.post(`/admin/signals/${id}/resume`);
    assert.deepEqual((await typesOf()).sort(), ["session-revoked", "stream-updated", "stream-updated"]);
    await admin.post(`/admin/signals/${id}/delete`);
    await act("clear-sessions");
    assert.equal((await arrived()).length, 3);
  });
});
