import assert from "node:assert/strict";
import { exportJWK, generateKeyPair } from "jose";
import { okta } from "okta-labels/labels";
import { newSamlKey } from "../src/keys.ts";
import { type AiAgent, newId, type OrgApp, type OrgPerson } from "../src/state.ts";
import { addAiAgent, addApp, addTo, oidcSignOn, startStandIn, type TestOrg } from "../src/testing.ts";
import type { Visitor } from "../src/visitor.ts";

const issuerUrl = "https://product.example";
const resource = `${issuerUrl}/api/v1`;

describe("AI agents in the Admin Console", () => {
  let org: TestOrg;
  let admin: Visitor;
  let product: OrgApp;
  let grace: OrgPerson;
  before(async () => {
    org = await startStandIn();
    admin = org.browser();
  });
  after(() => org.close());
  beforeEach(async () => {
    await org.reset({ people: {}, groups: {}, apps: {} });
    grace = addTo(org, { login: "grace@okta.example", firstName: "Grace", lastName: "Hopper" });
    product = addApp(org, oidcSignOn("http://localhost:9/callback"), [grace]);
  });

  /** Sends a form, and returns the page to which it leads. */
  async function submit(path: string, form: Record<string, string> = {}): Promise<string> {
    const { status, location } = await admin.post(path, form);
    assert.equal(status, 303);
    return (await admin.get(location ?? "")).text;
  }

  /** The agent at the path to which a form led. */
  function onlyAgent(): AiAgent {
    const [agent, ...others] = Object.values(org.store.state.agents ?? {});
    assert.deepEqual(others, []);
    return agent ?? assert.fail("no agent");
  }

  function readyAgent(more: Partial<Parameters<typeof addAiAgent>[2]> = {}) {
    const linked = addApp(org, oidcSignOn("http://localhost:9/agent"), [grace]);
    const connection = { app: product, issuerUrl, resources: [resource], clientId: "c", scopes: null };
    return addAiAgent(org, linked, { connections: [connection], ...more });
  }

  it("leads from the registration to an active agent, in the order of Okta's guide", async () => {
    const server = { enabled: "on", issuerUrl, tenantId: "acme" };
    assert.match(
      await submit(`/admin/apps/${product.id}/resource-server`, server),
      /Cross App Access \(XAA\) is enabled[\s\S]*https:\/\/product\.example/,
    );
    const empty = (await admin.get("/admin/ai-agents")).text;
    assert.match(empty, /Register AI agent<\/button>[\s\S]*href="\/admin\/ai-agents\/new">Register manually/);
    const userAccess = await submit("/admin/ai-agents", { name: "Helper" });
    assert.match(userAccess, /Helper is registered[\s\S]*Create a new OIDC app linked to this AI agent/);
    const { id } = onlyAgent();
    const path = `/admin/ai-agents/${id}`;
    const linked = { app: "new", label: "Helper", redirectUris: "http://localhost:9/agent" };
    assert.match(await submit(`${path}/user-access`, linked), /Helper is linked to Helper/);
    const app = org.store.state.apps[onlyAgent().linkedAppId ?? ""];
    assert.ok(app?.signOn.kind === "oidc");
    assert.deepEqual([app.active, app.signOn.refreshTokens], [false, true]);
    const registration = (await admin.get(`${path}/client-registration`)).text;
    assert.ok(registration.includes(app.id) && registration.includes(app.signOn.clientSecret));
    const connections = await submit(`${path}/resource-connections`, {
      appId: product.id,
      resources: `${resource}\r\n${issuerUrl}/mcp`,
      clientId: "agent-at-product",
      allowed: "specific",
      scopes: "tasks.read tasks.write",
    });
    assert.match(connections, /is added[\s\S]*agent-at-product[\s\S]*tasks\.read tasks\.write/);
    assert.match((await admin.get("/admin/ai-agents")).text, /Helper<\/a>[\s\S]*Staged/);
    assert.match(await submit(`${path}/activate`), /AI agent activated successfully/);
    assert.deepEqual([onlyAgent().status, app.active], ["ACTIVE", true]);
    const { id: connectionId, ...connection } = onlyAgent().connections[0] ?? assert.fail();
    assert.deepEqual(connection, {
      appId: product.id,
      resources: [resource, `${issuerUrl}/mcp`],
      clientId: "agent-at-product",
      scopes: ["tasks.read", "tasks.write"],
    });
    assert.match(
      await submit(`${path}/resource-connections/${connectionId}/delete`),
      /is deleted[\s\S]*No resource connections/,
    );
    const log = (await admin.get("/admin/reports/system-log")).text;
    const types = [...log.matchAll(/<code>workload_principal\.([\w.]+)<\/code>/g)].map(([, type]) => type);
    assert.deepEqual(types.sort(), [
      "activate",
      "register",
      "resource_connection.create",
      "resource_connection.delete",
      "sign_on_provider.add",
    ]);
  });

  it("has Okta's labels", async () => {
    const { agent } = readyAgent();
    const path = `/admin/ai-agents/${agent.id}`;
    for (const [page, labels] of [
      ["/admin/ai-agents", okta.menus.aiAgents.split(" > ")],
      [`${path}/user-access`, [okta.agents.userAccess, okta.agents.assignedPeople, "Grace Hopper"]],
      [`${path}/client-registration`, [okta.agents.clientRegistration, okta.signOn.clientSecret]],
      [`${path}/resource-connections`, [okta.agents.resourceConnections, okta.agents.allowAnyScope]],
      [`${path}/resource-connections?edit=connection`, [okta.agents.applicationInstance, okta.agents.add]],
      [`/admin/apps/${product.id}/resource-server?edit=cross-app-access`, [okta.resourceServer.issuerUrl]],
    ] as const) {
      const { status, text } = await admin.get(page);
      assert.equal(status, 200, page);
      for (const label of labels) assert.ok(text.includes(label), `${page}: ${label}`);
    }
    assert.equal((await admin.get(path)).location, `${path}/user-access`);
    assert.equal((await admin.get("/admin/ai-agents/wlp-unknown/user-access")).status, 404);
  });

  it("refuses what Okta refuses when an agent is registered and linked", async () => {
    assert.match(
      await submit("/admin/ai-agents", { name: "AI" }),
      /has 3 to 100 characters[\s\S]*value="AI"/,
    );
    await submit("/admin/ai-agents", { name: "Helper" });
    const path = `/admin/ai-agents/${onlyAgent().id}`;
    assert.match(await submit(`${path}/activate`), /Link an application/);
    const none = { app: "new", label: "Helper", redirectUris: "" };
    assert.match(await submit(`${path}/user-access`, none), /At least one Sign-in redirect URI/);
    await submit(`${path}/user-access`, { app: "existing", appId: product.id });
    const other = addApp(org, oidcSignOn("http://localhost:9/other"));
    const again = await submit(`${path}/user-access`, { app: "existing", appId: other.id });
    assert.match(again, /The link to an OIDC app is permanent/);
    await submit(`${path}/activate`);
    assert.match(await submit(`${path}/delete`), /Deactivate the AI agent first/);
  });

  it("links an existing SAML app, but neither a linked app nor an OIDC app of the catalog", async () => {
    readyAgent();
    await submit("/admin/ai-agents", { name: "Second agent" });
    const [first, second] = Object.values(org.store.state.agents ?? {});
    const path = `/admin/ai-agents/${second?.id}`;
    const existing = (appId: string) => submit(`${path}/user-access`, { app: "existing", appId });
    assert.match(await existing(first?.linkedAppId ?? ""), /cannot be linked to an AI agent/);
    product.variables = {};
    assert.match(await existing(product.id), /cannot be linked to an AI agent/);
    const saml = addApp(org, {
      ...{ kind: "saml", externalKey: newId("exk"), acsUrl: "http://localhost:9/acs", audience: "sp" },
      ...{ defaultRelayState: "", attributeStatements: [], algorithm: "SHA256" },
      ...(await newSamlKey("Demo org")),
    });
    assert.match(await existing(saml.id), /is linked to Second agent/);
    assert.match(await submit(`${path}/activate`), /Client registration is missing/);
    assert.match(
      await submit(`${path}/client-registration`, { method: "secret" }),
      new RegExp(`id="client-id">${second?.id}<`),
    );
    await submit(`${path}/activate`);
    await submit(`${path}/deactivate`);
    assert.equal(saml.active, true, "a SAML app stays active");
  });

  it("registers a client by a key, a JWKS URI or its ID alone, and generates a new secret", async () => {
    const { agent, app } = readyAgent();
    const path = `/admin/ai-agents/${agent.id}/client-registration`;
    const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
    const jwk = await exportJWK(publicKey);
    const keys = { method: "keys", publicKey: JSON.stringify(jwk) };
    assert.match(await submit(path, keys), /Client registration is saved/);
    assert.deepEqual(agent.registration, { method: "keys", keys: [jwk] });
    const wrong = { method: "keys", publicKey: "not a key" };
    assert.match(await submit(path, wrong), /is not a JWK/);
    const secret = { method: "keys", publicKey: JSON.stringify(await exportJWK(privateKey)) };
    assert.match(await submit(path, secret), /without its private part/);
    assert.match(await submit(path, { method: "jwks-uri", jwksUri: "keys" }), /must be a web address/);
    const jwksUri = "https://agent.example/keys";
    assert.match(await submit(path, { method: "jwks-uri", jwksUri }), /https:\/\/agent\.example\/keys/);
    assert.match(await submit(path, { method: "id-only" }), /Client ID only/);
    const before = app.signOn.kind === "oidc" ? app.signOn.clientSecret : "";
    const page = await submit(path, { method: "secret" });
    assert.ok(app.signOn.kind === "oidc" && app.signOn.clientSecret !== before);
    assert.ok(page.includes(app.signOn.clientSecret), "the app and the agent share the new secret");
  });

  it("refuses a resource connection that is incomplete, double, or to an app without Cross App Access", async () => {
    const { agent } = readyAgent();
    const path = `/admin/ai-agents/${agent.id}/resource-connections`;
    const second = addApp(org, oidcSignOn("http://localhost:9/second"));
    const form = { appId: second.id, resources: resource, clientId: "c", allowed: "any" };
    assert.match(await submit(path, form), /Enable Cross App Access \(XAA\) on the tab/);
    second.resourceServer = { issuerUrl, tenantId: "" };
    assert.match(await submit(path, { ...form, appId: product.id }), /already a connection/);
    assert.match(await submit(path, { ...form, clientId: " " }), /registered in this app is required/);
    assert.match(await submit(path, { ...form, resources: " " }), /Resource indicator is required/);
    assert.match(await submit(path, { ...form, resources: "api" }), /is not a web address/);
    assert.match(await submit(path, { ...form, allowed: "specific" }), /choose “Allow any scope”/);
    assert.equal(agent.connections.length, 1);
    await submit(path, form);
    assert.equal(agent.connections[1]?.scopes, null);
  });

  it("keeps the Issuer URL of an app while an agent has a connection to it", async () => {
    const { agent } = readyAgent();
    const path = `/admin/apps/${product.id}/resource-server`;
    const form = { enabled: "on", issuerUrl: "https://other.example", tenantId: "" };
    assert.match(await submit(path, form), /Delete it before you change the Issuer URL/);
    assert.match(await submit(path, { issuerUrl }), /Delete it before you change the Issuer URL/);
    assert.match(await submit(path, { ...form, issuerUrl, tenantId: "acme" }), /is enabled/);
    assert.deepEqual(product.resourceServer, { issuerUrl, tenantId: "acme" });
    agent.connections = [];
    assert.match(await submit(path, { ...form, issuerUrl: "other" }), /must be a web address/);
    assert.match(await submit(path, {}), /is disabled/);
    assert.equal(product.resourceServer, undefined);
  });

  it("activates and deactivates the agent with its OIDC app", async () => {
    const { agent, app } = readyAgent();
    await submit(`/admin/apps/${app.id}/status`);
    assert.deepEqual([agent.status, app.active], ["INACTIVE", false]);
    await submit(`/admin/apps/${app.id}/status`);
    assert.deepEqual([agent.status, app.active], ["ACTIVE", true]);
    await submit(`/admin/ai-agents/${agent.id}/deactivate`);
    assert.match(await submit(`/admin/ai-agents/${agent.id}/delete`), /Test agent is deleted/);
    assert.deepEqual(org.store.state.agents, {});
  });

  it("shows an event of the System Log with its details", async () => {
    const { agent } = readyAgent();
    const log = (await admin.get("/admin/reports/system-log")).text;
    const [, path = ""] =
      /href="([^"]+)"><code>workload_principal\.activate/.exec(log) ?? assert.fail("no such event");
    const { text } = await admin.get(path);
    assert.match(text, /<h2>SUCCESS<\/h2>/);
    assert.ok(text.includes(agent.id));
    assert.equal((await admin.get("/admin/reports/system-log/unknown")).status, 404);
  });
});
