import assert from "node:assert/strict";
import { type CryptoKey, exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";
import { publicKeys } from "../src/keys.ts";
import type { SamlApp } from "../src/saml.ts";
import { samlSignOn } from "../src/saml-app.ts";
import { samlResponse } from "../src/saml-response.ts";
import { newId, type OrgPerson } from "../src/state.ts";
import { addAiAgent, addApp, addTo, startStandIn, type TestOrg } from "../src/testing.ts";
import { requestToken, type TokenResponse, tokenType } from "./agent-client.ts";

const issuerUrl = "https://product.example";
const resource = `${issuerUrl}/api/v1`;
const acsUrl = "http://localhost:9/acs";

describe("the stand-in org's token exchange with SAML apps", () => {
  let org: TestOrg;
  let person: OrgPerson;
  let product: SamlApp;
  let app: SamlApp;
  let clientId: string;
  let clientKey: CryptoKey;

  before(async () => {
    org = await startStandIn();
    person = addTo(org, { login: "grace@okta.example", email: "grace.hopper@okta.example" });
    product = await samlApp("https://product.example/metadata");
    app = await samlApp("http://localhost:9/metadata");
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    clientKey = privateKey;
    const registration = { method: "keys" as const, keys: [await exportJWK(publicKey)] };
    const connection = { app: product, issuerUrl, resources: [resource], scopes: ["tasks.read"] };
    const connections = [{ ...connection, clientId: "agent-at-product" }];
    clientId = addAiAgent(org, app, { registration, connections }).agent.id;
  });
  after(() => org.close());

  async function samlApp(audience: string): Promise<SamlApp> {
    const signOn = await samlSignOn("Demo org", { acsUrl, audience, attributeStatements: [] });
    const added = addApp(org, signOn, [person]);
    return Object.assign(added, { signOn });
  }

  /** The response that the app got when the person signed in. */
  async function responseFor(one: SamlApp): Promise<string> {
    const browser = await org.signedIn(person);
    const { text } = await browser.get(`/home/${one.name}/${one.id}/aln1`);
    return /name="SAMLResponse" value="([^"]*)"/.exec(text)?.[1] ?? assert.fail(text);
  }

  function newAssertion(): Promise<string> {
    return new SignJWT({})
      .setProtectedHeader({ alg: "ES256" })
      .setIssuer(clientId)
      .setSubject(clientId)
      .setAudience(`${org.url}/oauth2/v1/token`)
      .setJti(newId(""))
      .setExpirationTime("5m")
      .sign(clientKey);
  }

  async function send(form: Record<string, string>): Promise<TokenResponse> {
    const assertion = form.client_assertion ?? (await newAssertion());
    return await requestToken(org, {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      client_id: clientId,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: assertion,
      ...form,
    });
  }

  const refreshWith = (response: string, scope = "openid offline_access email") =>
    send({
      subject_token: response,
      subject_token_type: tokenType("saml2"),
      requested_token_type: tokenType("refresh_token"),
      scope,
    });

  async function idJagWith(refreshToken: string, changes: Record<string, string> = {}) {
    const assertion = await newAssertion();
    return await send({
      subject_token: refreshToken,
      subject_token_type: tokenType("refresh_token"),
      requested_token_type: tokenType("id-jag"),
      audience: issuerUrl,
      resource,
      scope: "tasks.read",
      client_assertion: assertion,
      actor_token: assertion,
      actor_token_type: tokenType("jwt"),
      ...changes,
    });
  }

  function assertRefused({ status, body }: TokenResponse, error: string, reason: RegExp): void {
    assert.deepEqual([status, body.error], [400, error], JSON.stringify(body));
    assert.match(String(body.error_description), reason);
  }

  it("exchanges a SAML response for a refresh token, and that for an ID-JAG with the NameID", async () => {
    const refresh = await refreshWith(await responseFor(app));
    const { access_token: refreshToken = "", ...answer } = refresh.body;
    assert.deepEqual(answer, {
      issued_token_type: tokenType("refresh_token"),
      token_type: "N_A",
      expires_in: 3600,
      scope: "openid offline_access email",
    });
    const { status, body } = await idJagWith(refreshToken);
    assert.equal(status, 200, JSON.stringify(body));
    const [key = {}] = publicKeys(org.store.state.keys);
    const { payload } = await jwtVerify(body.access_token ?? "", key, { issuer: org.url });
    assert.equal(payload.sub, person.id);
    assert.deepEqual(payload.sub_id, {
      format: "saml-nameid",
      issuer: `http://www.okta.com/${product.signOn.externalKey}`,
      nameid: person.login,
      nameid_format: "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
      sp_name_qualifier: "https://product.example/metadata",
    });
    assert.deepEqual(payload.act, { sub: clientId, sub_profile: "ai_agent" });
  });

  it("names the person as the resource app's Application username format does", async () => {
    product.signOn.usernameFormat = "email";
    try {
      const { body } = await refreshWith(await responseFor(app));
      const idJag = await idJagWith(body.access_token ?? "");
      const [key = {}] = publicKeys(org.store.state.keys);
      const { payload } = await jwtVerify(idJag.body.access_token ?? "", key);
      assert.equal((payload.sub_id as { nameid: string }).nameid, person.email);
    } finally {
      delete product.signOn.usernameFormat;
    }
  });

  it("requires the client assertion as the actor", async () => {
    const { body } = await refreshWith(await responseFor(app));
    for (const changes of [{ actor_token: await newAssertion() }, { actor_token_type: "other" }])
      assertRefused(await idJagWith(body.access_token ?? "", changes), "invalid_request", /actor_token/);
  });

  it("refuses a response to another application, one with another signature, and one that is unsigned", async () => {
    assertRefused(await refreshWith(await responseFor(product)), "invalid_grant", /not a SAML response/);
    const xml = Buffer.from(await responseFor(app), "base64").toString();
    const changed = [
      xml.replaceAll(person.login, "admin@okta.example"),
      xml.replace(/<ds:Signature [\s\S]*?<\/ds:Signature>/, ""),
      "not XML",
      `<!DOCTYPE x>${xml}`,
    ];
    for (const one of changed) {
      const refused = await refreshWith(Buffer.from(one).toString("base64"));
      assertRefused(refused, "invalid_grant", /not a SAML response/);
    }
  });

  it("refuses an expired response, and one for another audience", async () => {
    const statement = {
      issuer: `http://www.okta.com/${app.signOn.externalKey}`,
      acsUrl,
      audience: app.signOn.audience,
      nameId: person.login,
      attributes: [],
      inResponseTo: null,
      signedInAt: Date.now(),
    };
    const encoded = (xml: string) => Buffer.from(xml).toString("base64");
    const expired = samlResponse(statement, app.signOn, Date.now() - 301_000);
    assertRefused(await refreshWith(encoded(expired)), "invalid_grant", /has expired/);
    const foreign = samlResponse({ ...statement, audience: "https://other.example" }, app.signOn);
    assertRefused(await refreshWith(encoded(foreign)), "invalid_grant", /another application/);
  });

  it("refuses a request without offline_access, a person who is not assigned, and a SAML response for an ID-JAG", async () => {
    const response = await responseFor(app);
    assertRefused(await refreshWith(response, "openid"), "invalid_scope", /offline_access/);
    const direct = { subject_token: response, subject_token_type: tokenType("saml2") };
    assertRefused(await idJagWith("", direct), "invalid_request", /subject_token_type/);
    const { body } = await refreshWith(response);
    const assignment = app.assignments[person.id];
    delete app.assignments[person.id];
    assertRefused(await refreshWith(response), "access_denied", /may not use the agent/);
    assertRefused(await idJagWith(body.access_token ?? ""), "access_denied", /agent's app/);
    if (assignment) app.assignments[person.id] = assignment;
  });

  it("refuses a refresh token that another agent got", async () => {
    const { body } = await refreshWith(await responseFor(app));
    const other = addAiAgent(org, await samlApp("http://localhost:9/other"), {
      name: "Other agent",
      registration: { method: "secret", secret: "the secret of an agent" },
      connections: [],
    });
    const stolen = await requestToken(
      org,
      {
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token: body.access_token ?? "",
        subject_token_type: tokenType("refresh_token"),
        requested_token_type: tokenType("id-jag"),
        audience: issuerUrl,
      },
      [other.agent.id, "the secret of an agent"],
    );
    assertRefused(stolen, "invalid_grant", /refresh token/);
  });
});
