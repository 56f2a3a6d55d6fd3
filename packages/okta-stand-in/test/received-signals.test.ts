import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT } from "jose";
import type { OrgPerson } from "../src/state.ts";
import { addTo, startStandIn, type TestOrg } from "../src/testing.ts";
import type { Visitor } from "../src/visitor.ts";

const riskChange = "https://schemas.okta.com/secevent/okta/event-type/user-risk-change";
const path = "/api/v1/security-events-providers";

describe("shared signals that the org receives", () => {
  let org: TestOrg;
  let admin: Visitor;
  let ada: OrgPerson;
  let issuer: string;
  let keys: Awaited<ReturnType<typeof generateKeyPair>>;
  const transmitter = createServer(async (req, res) => {
    const jwk = { ...(await exportJWK(keys.publicKey)), kid: "k1", alg: "RS256", use: "sig" };
    const document = req.url === "/keys" ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` };
    res.end(JSON.stringify(document));
  });
  before(async () => {
    keys = await generateKeyPair("RS256");
    transmitter.listen(0, "127.0.0.1");
    await once(transmitter, "listening");
    issuer = `http://127.0.0.1:${(transmitter.address() as AddressInfo).port}`;
    org = await startStandIn({ apiToken: "admin" });
    admin = org.browser();
  });
  after(async () => {
    transmitter.closeAllConnections();
    transmitter.close();
    await org.close();
  });
  beforeEach(async () => {
    await org.reset({ people: {}, groups: {}, apps: {} });
    ada = addTo(org, { login: "ada@acme.example" });
  });

  async function api(method: string, at: string, body?: object) {
    const response = await fetch(org.url + at, {
      method,
      headers: { authorization: "SSWS admin", "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    return { status: response.status, body: (text ? JSON.parse(text) : {}) as Record<string, unknown> };
  }
  const register = (settings: object = { well_known_url: `${issuer}/.well-known/sse` }) =>
    api("POST", path, { name: "Product", type: "product", settings });

  const riskOf = (email: string, level = "high") => ({
    [riskChange]: {
      subject: { user: { format: "email", email } },
      ...{ previous_level: "low", current_level: level, event_timestamp: 1_700_000_000 },
    },
  });

  async function send(
    claims: Record<string, unknown>,
    header: Partial<JWTHeaderParameters> = {},
    key = keys.privateKey,
  ) {
    const token = await new SignJWT({ iss: issuer, aud: org.url, jti: randomUUID(), ...claims })
      .setIssuedAt()
      .setProtectedHeader({ alg: "RS256", typ: "secevent+jwt", kid: "k1", ...header })
      .sign(key);
    return await post(token);
  }

  async function post(body: string, type = "application/secevent+jwt") {
    const response = await fetch(`${org.url}/security/api/v1/security-events`, {
      method: "POST",
      headers: { "content-type": type },
      body,
    });
    const text = await response.text();
    return [response.status, text === "" ? "" : (JSON.parse(text) as { err: string }).err];
  }

  const logged = () => org.events.latest(10).map(({ type }) => type);

  it("takes a risk change of a registered transmitter, writes two lines and shows the risk", async () => {
    const { status, body } = await register();
    assert.equal(status, 201);
    assert.deepEqual([body.status, body.name], ["ACTIVE", "Product"]);
    assert.deepEqual(await send({ events: riskOf(ada.email) }), [202, ""]);
    assert.deepEqual(logged().sort(), ["security.events.provider.receive_event", "user.risk.detect"]);
    assert.match((await admin.get(`/admin/users/${ada.id}`)).text, /Risk: high/);
  });

  it("takes other events about a person, with the subject inside the event or next to it", async () => {
    await register({ issuer, jwks_url: `${issuer}/keys` });
    const subject = { format: "iss_sub", iss: org.url, sub: ada.id };
    const type = "https://schemas.openid.net/secevent/caep/event-type/session-established";
    assert.deepEqual(await send({ sub_id: subject, events: { [type]: {} } }), [202, ""]);
    assert.deepEqual(await send({ events: { [type]: { subject } } }), [202, ""]);
    assert.deepEqual(logged(), Array(2).fill("security.events.provider.receive_event"));
  });

  it("drops a repeated jti, and a signal about an unknown address, without a line in the log", async () => {
    await register();
    const claims = { jti: "one", events: riskOf(ada.email) };
    assert.deepEqual([await send(claims), await send(claims)], Array(2).fill([202, ""]));
    assert.equal(logged().length, 2);
    assert.deepEqual(await send({ events: riskOf("unknown@acme.example") }), [202, ""]);
    assert.equal(logged().length, 2);
  });

  it("refuses a SET with the code that says why", async () => {
    await register();
    const events = riskOf(ada.email);
    const other = await generateKeyPair("RS256");
    const both = { ...events, "https://example.com/second": {} };
    for (const [answer, code] of [
      [await send({ events, iss: "https://unknown.example" }), "invalid_issuer"],
      [await send({ events, aud: "https://other.example" }), "invalid_audience"],
      [await send({ events }, { kid: "k2" }), "invalid_key"],
      [await send({ events }, {}, other.privateKey), "invalid_key"],
      [await send({ events }, { typ: "JWT" }), "invalid_request"],
      [await send({ events: both }), "invalid_request"],
      [await send({}), "invalid_request"],
      [await post("not a token"), "invalid_request"],
      [await post("{}", "application/json"), "invalid_request"],
    ] as const)
      assert.deepEqual(answer, [400, code]);
    assert.deepEqual(logged(), []);
  });

  it("refuses the SETs of a provider that is inactive or deleted", async () => {
    const { id } = (await register()).body;
    const events = riskOf(ada.email);
    assert.equal((await register()).status, 400, "the same settings again");
    assert.equal((await api("POST", `${path}/${id}/lifecycle/deactivate`)).body.status, "INACTIVE");
    assert.deepEqual(await send({ events }), [400, "invalid_issuer"]);
    await api("POST", `${path}/${id}/lifecycle/activate`);
    assert.deepEqual(await send({ events }), [202, ""]);
    assert.equal((await api("DELETE", `${path}/${id}`)).status, 204);
    assert.deepEqual(await send({ events }), [400, "invalid_issuer"]);
    assert.equal((await api("GET", `${path}/${id}`)).status, 404);
  });

  it("registers a transmitter under Security > Device Integrations", async () => {
    const own = "/admin/device-integrations";
    const submit = async (at: string, form: Record<string, string> = {}) => {
      const { location } = await admin.post(at, form);
      return (await admin.get(location ?? "")).text;
    };
    assert.match((await admin.get(own)).text, /Receive shared signals[\s\S]*Create stream/);
    const wrong = { name: "Product", settings: "well-known", wellKnownUrl: "no" };
    assert.match(await submit(own, wrong), /web addresses are required[\s\S]*value="no"/);
    const form = { ...wrong, wellKnownUrl: `${issuer}/.well-known/sse` };
    assert.match(await submit(own, form), /Product is added[\s\S]*Active/);
    const [provider] = Object.values(org.store.state.signals?.providers ?? {});
    assert.ok(provider);
    assert.match(await submit(`${own}/${provider.id}/delete`), /Deactivate the stream first/);
    assert.match(await submit(`${own}/${provider.id}/status`), /Product is inactive/);
    assert.match(await submit(`${own}/${provider.id}/delete`), /Product is deleted/);
    await submit(own, { name: "By keys", settings: "issuer", issuer, jwksUrl: `${issuer}/keys` });
    assert.deepEqual(await send({ events: riskOf(ada.email, "low") }), [202, ""]);
  });
});
