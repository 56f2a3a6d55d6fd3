import assert from "node:assert/strict";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import { crossAppAccessUrls } from "../../src/endpoints.ts";
import type { Connection, OidcSettings, User } from "../../src/model.ts";
import type { Database } from "../../src/store/database.ts";
import type { TestApp } from "../helpers/app.ts";
import type { Answer, Client } from "../helpers/client.ts";
import { registerAgent, sendTokenRequest, signIdJag, type TestAgent } from "../helpers/id-jag.ts";
import { createLocalAccount, createTestTenant, type TestTenant, testPassword } from "../helpers/people.ts";
import type { RevokingOrg } from "../helpers/revocation.ts";
import { oktaUser, type ScimClient, scimClient } from "../helpers/scim.ts";

/** A customer whose org provisions people, and an agent that acts for one of them. */
export interface Customer {
  tenant: TestTenant["tenant"];
  store: TestTenant["store"];
  connection: Connection;
  /** The connection's settings. */
  settings: OidcSettings;
  scim: ScimClient;
  grace: User;
  /** The person who owns the tenant, signed in. */
  owner: Client;
  agent: TestAgent;
  /** An ID-JAG for grace, for the API and the MCP server. */
  assertion(resource?: string[]): Promise<string>;
  /** Exchanges an ID-JAG at a replica. */
  exchange(replica: TestApp, assertion: string): Promise<Answer>;
  /** An access token for the API and the MCP server. */
  token(): Promise<string>;
}

interface Surroundings {
  database: Database;
  app: TestApp;
  /** It may serve several customers: each assertion names the tenant. */
  org: RevokingOrg;
}

export async function newCustomer({ database, app, org }: Surroundings): Promise<Customer> {
  const tenant = await createTestTenant(database);
  const settings = { issuer: org.issuer, clientId: `app-of-${tenant.tenant.slug}` };
  const connection = await tenant.connection({ settings });
  const scim = scimClient(app, (await createToken(tenant.store)).token);
  const email = "grace@acme.example";
  const created = await scim.send("POST", "/Users", oktaUser(email, { externalId: "00u-grace" }));
  assert.equal(created.status, 201, created.text);
  await createLocalAccount(tenant.store, "owner@acme.example", "owner");
  const owner = app.client();
  await owner.signIn(tenant.tenant.slug, "owner@acme.example", testPassword);
  const agent = await registerAgent({ database }, { tenantId: tenant.tenant.id });
  const { apiResource, mcpResource } = crossAppAccessUrls(app.url);

  const customer: Customer = {
    tenant: tenant.tenant,
    store: tenant.store,
    connection,
    settings,
    scim,
    grace: (await tenant.store.users.byLoginName(email)) ?? assert.fail(),
    owner,
    agent,
    assertion: (resource = [apiResource, mcpResource]) => {
      const claims = { sub: "00u-grace", aud_tenant: connection.key, resource };
      return signIdJag(org, app.url, agent.clientId, { claims });
    },
    exchange: (replica, assertion) =>
      sendTokenRequest(replica, { assertion, client_id: agent.clientId, client_secret: agent.secret }),
    async token() {
      const answer = await customer.exchange(app, await customer.assertion());
      assert.equal(answer.status, 200, answer.text);
      return JSON.parse(answer.text).access_token;
    },
  };
  return customer;
}

/** Lists the tasks by the API. */
export async function callApi(app: TestApp, token: string, path = "/tasks"): Promise<Answer> {
  return await app.client().send("GET", `/api/v1${path}`, { authorization: `Bearer ${token}` });
}

/** Sends a message to the MCP server. */
export async function callMcp(app: TestApp, token: string, message: object): Promise<Answer> {
  const headers = {
    authorization: `Bearer ${token}`,
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
  };
  return await app
    .client()
    .send("POST", "/mcp", headers, JSON.stringify({ jsonrpc: "2.0", id: 1, ...message }));
}
