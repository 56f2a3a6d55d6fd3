import assert from "node:assert/strict";
import {
  type CryptoKey,
  createRemoteJWKSet,
  exportJWK,
  generateKeyPair,
  importJWK,
  jwtVerify,
  SignJWT,
} from "jose";
import * as openid from "openid-client";
import { deactivateAgent, deleteConnection, newSecret } from "../src/agents.ts";
import { suspendPerson } from "../src/people.ts";
import { type AiAgent, newId, type OrgApp, type OrgPerson } from "../src/state.ts";
import { addAiAgent, addApp, addTo, oidcSignOn, startStandIn, type TestOrg } from "../src/testing.ts";
import { requestToken, signInTo, type TokenResponse, tokenType } from "./agent-client.ts";
import { FakeApplication } from "./fake-application.ts";

const secret = "the secret of an app";
const issuerUrl = "https://product.example";
const resource = `${issuerUrl}/api/v1`;

describe("the stand-in org's token exchange", () => {
  let org: TestOrg;
  let person: OrgPerson;
  let product: OrgApp;
  let app: OrgApp;
  let agent: AiAgent;
  let tokens: { idToken: string; refreshToken: string };

  before(async () => {
    org = await startStandIn();
  });
  after(() => org.close());
  beforeEach(async () => {
    await org.reset({ people: {}, groups: {}, apps: {} });
    person = addTo(org, { login: "grace@okta.example" });
    product = addApp(org, oidcSignOn("https://product.example/callback"), [person]);
    app = addApp(org, oidcSignOn("http://localhost:9/callback"), [person]);
    const connection = { app: product, issuerUrl, resources: [resource, `${issuerUrl}/mcp`] };
    const allowed = { clientId: "agent-at-product", scopes: ["tasks.read", "tasks.write"] };
    ({ agent } = addAiAgent(org, app, { connections: [{ ...connection, ...allowed }] }));
    tokens = await signInTo(org, app, person, openid.ClientSecretBasic(secret));
  });

  /** Asks for an ID-JAG like Okta's guide. @param changes undefined leaves a parameter out. */
  function exchange(changes: Record<string, string | undefined> = {}): Promise<TokenResponse> {
    const form: Record<string, string | undefined> = {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      requested_token_type: tokenType("id-jag"),
      subject_token: tokens.idToken,
      subject_token_type: tokenType("id_token"),
      audience: issuerUrl,
      resource,
      scope: "tasks.read",
      client_id: app.id,
      client_secret: secret,
      ...changes,
    };
    const present = Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return requestToken(org, Object.fromEntries(present));
  }

  /** The changes of a request that is authenticated by private_key_jwt. */
  async function signedBy(key: CryptoKey, alg: string) {
    const assertion = await new SignJWT({})
      .setProtectedHeader({ alg })
      .setIssuer(app.id)
      .setSubject(app.id)
      .setAudience(`${org.url}/oauth2/v1/token`)
      .setJti(newId(""))
      .setExpirationTime("5m")
      .sign(key);
    return {
      client_id: undefined,
      client_secret: undefined,
      client_assertion: assertion,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    };
  }

  async function claimsIn({ status, body }: TokenResponse) {
    assert.equal(status, 200, JSON.stringify(body));
    const keys = createRemoteJWKSet(new URL(`${org.url}/oauth2/v1/keys`));
    return await jwtVerify(body.access_token ?? "", keys, { issuer: org.url, audience: issuerUrl });
  }

  function assertRefused({ status, body }: TokenResponse, error: string, reason: RegExp, code = 400): void {
    assert.deepEqual([status, body.error], [code, error], JSON.stringify(body));
    assert.match(String(body.error_description), reason);
    assert.equal(body.access_token, undefined);
  }

  it("exchanges an ID token for an ID-JAG in Okta's shape", async () => {
    const response = await exchange();
    const { access_token: _, ...answer } = response.body;
    assert.deepEqual(answer, {
      issued_token_type: tokenType("id-jag"),
      token_type: "N_A",
      expires_in: 300,
      scope: "tasks.read",
    });
    const { payload, protectedHeader } = await claimsIn(response);
    assert.deepEqual(protectedHeader, {
      typ: "oauth-id-jag+jwt",
      alg: "RS256",
      kid: org.store.state.keys[0]?.kid,
    });
    const { iat, exp, jti, ...claims } = payload;
    assert.deepEqual(claims, {
      iss: org.url,
      sub: person.id,
      sub_profile: "user",
      aud: issuerUrl,
      client_id: "agent-at-product",
      scope: "tasks.read",
      resource,
      email: person.email,
      act: { sub: agent.id, sub_profile: "ai_agent" },
    });
    assert.match(agent.id, /^wlp\w{17}$/);
    assert.match(String(jti), /^IDAAG\.\w{17}$/);
    assert.equal((exp ?? 0) - (iat ?? 0), 300);
  });

  it("exchanges a refresh token as often as the agent asks, each time for another ID-JAG", async () => {
    const refresh = { subject_token: tokens.refreshToken, subject_token_type: tokenType("refresh_token") };
    const first = await claimsIn(await exchange(refresh));
    const second = await claimsIn(await exchange(refresh));
    assert.equal(first.payload.sub, person.id);
    assert.notEqual(first.payload.jti, second.payload.jti);
  });

  it("writes the tenant into aud_tenant if the Resource Server tab has one", async () => {
    product.resourceServer = { issuerUrl, tenantId: "acme" };
    assert.equal((await claimsIn(await exchange())).payload.aud_tenant, "acme");
  });

  it("chooses the person's app if several apps have the same Issuer URL", async () => {
    const other = addTo(org, { login: "ada@okta.example" });
    app.assignments[other.id] = { remoteId: null, state: "waiting", problem: null };
    const second = addApp(org, oidcSignOn("https://product.example/other"), [other]);
    second.resourceServer = { issuerUrl, tenantId: "other" };
    const connection = { resources: [resource], clientId: "agent-at-other", scopes: null };
    agent.connections.push({ id: newId("mcn"), appId: second.id, ...connection });
    tokens = await signInTo(org, app, other, openid.ClientSecretBasic(secret));
    const { payload } = await claimsIn(await exchange({ scope: "anything" }));
    assert.deepEqual(
      [payload.aud_tenant, payload.client_id, payload.scope],
      ["other", "agent-at-other", "anything"],
    );
    agent.connections.pop();
    const refused = await exchange();
    assertRefused(refused, "invalid_target", /no resource connection to Test App/);
  });

  it("grants all scopes and resources of the connection to a request that names none", async () => {
    const { payload } = await claimsIn(await exchange({ scope: undefined, resource: undefined }));
    assert.equal(payload.scope, "tasks.read tasks.write");
    assert.deepEqual(payload.resource, [resource, `${issuerUrl}/mcp`]);
  });

  it("authenticates the client by a secret in the header, too", async () => {
    const form = { grant_type: "urn:ietf:params:oauth:grant-type:token-exchange", audience: issuerUrl };
    const subject = { subject_token: tokens.idToken, subject_token_type: tokenType("id_token") };
    const wanted = { requested_token_type: tokenType("id-jag"), resource };
    await claimsIn(await requestToken(org, { ...form, ...subject, ...wanted }, [app.id, secret]));
  });

  it("authenticates the client by private_key_jwt, once for each assertion", async () => {
    const { publicKey, privateKey } = await generateKeyPair("RS256");
    agent.registration = { method: "keys", keys: [await exportJWK(publicKey)] };
    const signed = await signedBy(privateKey, "RS256");
    await claimsIn(await exchange(signed));
    assertRefused(await exchange(signed), "invalid_client", /authentication failed/, 401);
    assertRefused(await exchange(), "invalid_client", /authentication failed/, 401);
  });

  it("fetches the keys of an agent from its JWKS URI", async () => {
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    const keys = new FakeApplication();
    const jwksUri = `${await keys.start()}/keys`;
    try {
      keys.expect([200, { keys: [await exportJWK(publicKey)] }]);
      agent.registration = { method: "jwks-uri", jwksUri };
      await claimsIn(await exchange(await signedBy(privateKey, "ES256")));
      assert.deepEqual(keys.calls, ["GET /keys"]);
    } finally {
      keys.close();
    }
  });

  it("lets a client sign in and exchange with its ID only if it is registered like that", async () => {
    assertRefused(await exchange({ client_secret: undefined }), "invalid_client", /failed/, 401);
    agent.registration = { method: "id-only" };
    tokens = await signInTo(org, app, person, openid.None());
    await claimsIn(await exchange({ client_secret: undefined }));
  });

  it("refuses an unknown client and a wrong secret", async () => {
    assertRefused(await exchange({ client_id: "0oa-unknown" }), "invalid_client", /failed/, 401);
    assertRefused(await exchange({ client_secret: "wrong" }), "invalid_client", /failed/, 401);
    agent.registration = { method: "secret", secret: newSecret() };
    assertRefused(await exchange(), "invalid_client", /failed/, 401);
  });

  it("refuses a client without an agent, and one whose agent is not active", async () => {
    const form = { client_id: product.id };
    assertRefused(await exchange(form), "unauthorized_client", /active AI agent/);
    agent.status = "STAGED";
    assertRefused(await exchange(), "unauthorized_client", /active AI agent/);
    deactivateAgent(org, agent);
    assert.equal(app.active, false, "Okta deactivates the linked OIDC app, too");
    assertRefused(await exchange(), "unauthorized_client", /active AI agent/);
  });

  it("refuses subject tokens of another client", async () => {
    const other = addApp(org, oidcSignOn("http://localhost:9/other"), [person]);
    addAiAgent(org, other, { name: "Other agent", connections: [] });
    const foreign = await signInTo(org, other, person, openid.ClientSecretBasic(secret));
    assertRefused(await exchange({ subject_token: foreign.idToken }), "invalid_grant", /ID token/);
    const refresh = {
      subject_token: foreign.refreshToken,
      subject_token_type: tokenType("refresh_token"),
    };
    assertRefused(await exchange(refresh), "invalid_grant", /refresh token/);
  });

  it("refuses subject tokens that the org did not issue, and expired ones", async () => {
    const { privateKey } = await generateKeyPair("RS256");
    const forged = new SignJWT({ sub: person.id }).setIssuer(org.url).setAudience(app.id);
    const { kid = "" } = org.store.state.keys[0] ?? {};
    const token = await forged
      .setExpirationTime("5m")
      .setProtectedHeader({ alg: "RS256", kid })
      .sign(privateKey);
    assertRefused(await exchange({ subject_token: token }), "invalid_grant", /ID token/);
    const idJag = (await exchange()).body.access_token;
    assertRefused(await exchange({ subject_token: idJag }), "invalid_grant", /ID token/);
    const [key = {}] = org.store.state.keys;
    const expired = await new SignJWT({ sub: person.id })
      .setIssuer(org.url)
      .setAudience(app.id)
      .setExpirationTime("-1s")
      .setProtectedHeader({ alg: "RS256", kid })
      .sign(await importJWK(key, "RS256"));
    assertRefused(await exchange({ subject_token: expired }), "invalid_grant", /ID token/);
    const unknown = { subject_token: "unknown", subject_token_type: tokenType("refresh_token") };
    assertRefused(await exchange(unknown), "invalid_grant", /refresh token/);
  });

  it("refuses other types of tokens", async () => {
    for (const [changes, reason] of [
      [{ subject_token_type: tokenType("access_token") }, /subject_token_type/],
      [{ subject_token_type: tokenType("saml2") }, /subject_token_type/],
      [{ subject_token: undefined }, /subject_token_type/],
      [{ requested_token_type: tokenType("access_token") }, /requested_token_type/],
      [{ requested_token_type: undefined }, /requested_token_type/],
      [{ requested_token_type: tokenType("refresh_token") }, /Only a SAML response/],
    ] as const)
      assertRefused(await exchange(changes), "invalid_request", reason);
  });

  it("refuses a person who is suspended, or not assigned to the agent or the resource app", async () => {
    delete product.assignments[person.id];
    assertRefused(await exchange(), "access_denied", /assigned to the resource app/);
    delete app.assignments[person.id];
    assertRefused(await exchange(), "access_denied", /assigned to the agent's app/);
    app.assignments[person.id] = { remoteId: null, state: "waiting", problem: null };
    suspendPerson(org, person.id);
    assertRefused(await exchange(), "access_denied", /not active/);
  });

  it("compares audience and resource to the letter", async () => {
    for (const audience of [`${issuerUrl}/`, "https://elsewhere.example", undefined])
      assertRefused(await exchange({ audience }), "invalid_target", /audience/);
    for (const wrong of [`${resource}/`, "https://PRODUCT.example/api/v1", issuerUrl])
      assertRefused(await exchange({ resource: wrong }), "invalid_target", /resource indicator/);
  });

  it("refuses scopes that the connection does not allow", async () => {
    assertRefused(await exchange({ scope: "tasks.read admin" }), "invalid_scope", /does not allow admin/);
    agent.connections.forEach((connection) => {
      connection.scopes = null;
    });
    assert.equal((await claimsIn(await exchange({ scope: "admin" }))).payload.scope, "admin");
  });

  it("refuses an app whose Resource Server is disabled, and a deleted connection", async () => {
    delete product.resourceServer;
    assertRefused(await exchange(), "invalid_target", /audience/);
    product.resourceServer = { issuerUrl, tenantId: "" };
    await claimsIn(await exchange());
    deleteConnection(org, agent, agent.connections[0]?.id ?? "");
    assertRefused(await exchange(), "invalid_target", /no resource connection/);
  });

  it("issues 250 ID-JAGs a month for a person and a resource app", async () => {
    const month = new Date().toISOString().slice(0, 7);
    const key = `${month}/${person.id}/${product.id}`;
    org.store.state.idJagCounts = { [key]: 249, "2026-01/00u/0oa": 250 };
    await claimsIn(await exchange());
    assert.deepEqual(org.store.state.idJagCounts, { [key]: 250 }, "other months are forgotten");
    assertRefused(await exchange(), "access_denied", /limit of 250/);
    const other = addTo(org, { login: "ada@okta.example" });
    for (const one of [app, product])
      one.assignments[other.id] = { remoteId: null, state: "waiting", problem: null };
    tokens = await signInTo(org, app, other, openid.ClientSecretBasic(secret));
    assert.equal((await claimsIn(await exchange())).payload.sub, other.id);
  });

  it("writes every result into the System Log, without tokens", async () => {
    org.events.clear();
    const { payload } = await claimsIn(await exchange());
    await exchange({ scope: "admin" });
    const [refused, issued] = org.events.latest(2);
    assert.equal(refused?.refusal, "invalid_scope: The connection does not allow admin.");
    assert.deepEqual([issued?.type, issued?.refusal], ["app.oauth2.token.grant.id_jag", null]);
    assert.deepEqual(issued?.details, payload);
    assert.doesNotMatch(JSON.stringify(org.events.latest(9)), /eyJ|the secret/);
  });

  it("announces the grant in its discovery document", async () => {
    const response = await fetch(`${org.url}/.well-known/openid-configuration`);
    const { grant_types_supported: grants } = (await response.json()) as { grant_types_supported: string[] };
    assert.ok(grants.includes("urn:ietf:params:oauth:grant-type:token-exchange"));
  });
});
