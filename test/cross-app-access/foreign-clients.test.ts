import assert from "node:assert/strict";
import {
  Client,
  CrossAppAccessProvider,
  discoverAndRequestJwtAuthGrant,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import { deleteConnection } from "okta-stand-in/agents";
import { addAiAgent, addApp, addTo, oidcSignOn, startStandIn, type TestOrg } from "okta-stand-in/testing";
import * as openid from "openid-client";
import { signInTo } from "../../packages/okta-stand-in/test/agent-client.ts";
import { endSessions } from "../../src/directory/access.ts";
import { oidcUrls } from "../../src/endpoints.ts";
import type { Connection } from "../../src/model.ts";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { allScopes, jwtBearer, registerAgent, type TestAgent } from "../helpers/id-jag.ts";
import { createTestTenant, type TestTenant } from "../helpers/people.ts";

const secret = "the secret of an app";

describe("clients that others wrote", () => {
  onOneDatabase((use) => {
    let org: TestOrg;
    let app: TestApp;
    let acme: TestTenant;
    let connection: Connection;
    let agent: TestAgent;
    /** The agent in the org. */
    let inOrg: ReturnType<typeof addAiAgent>;
    let idToken: string;

    before(async () => {
      org = await startStandIn();
      app = await startTestApp(use().database, { insecureAllowPrivateNetwork: true });
      acme = await createTestTenant(use().database);
      agent = await registerAgent(use());
      const grace = addTo(org, { login: "grace@acme.example", firstName: "Grace", lastName: "Hopper" });
      const { key } = await acme.connection();
      const product = addApp(org, oidcSignOn(oidcUrls(app.url, key).redirectUri), [grace]);
      connection = await acme.connection({ settings: { issuer: org.url, clientId: product.id } });
      const helper = addApp(org, oidcSignOn("http://localhost:9/callback"), [grace]);
      const resources = [`${app.url}/api/v1`, `${app.url}/mcp`];
      const allowed = { issuerUrl: app.url, tenantId: connection.key, resources, clientId: agent.clientId };
      inOrg = addAiAgent(org, helper, { connections: [{ app: product, ...allowed, scopes: allScopes }] });
      ({ idToken } = await signInTo(org, helper, grace, openid.ClientSecretBasic(secret)));
    });
    after(async () => {
      await app.close();
      await org.close();
    });

    const grantFor = async (audience: string, resource: string, scope = allScopes.join(" ")) =>
      (
        await discoverAndRequestJwtAuthGrant({
          idpUrl: org.url,
          audience,
          resource,
          scope,
          idToken,
          clientId: inOrg.app.id,
          clientSecret: secret,
        })
      ).jwtAuthGrant;

    const accessLog = () =>
      app.logged.filter(({ event }) => /^(cross_app_access|access_token)\./.test(String(event)));

    /** The MCP SDK's client, which finds the authorization server by itself and asks the org. */
    async function mcpClient(): Promise<Client> {
      const provider = new CrossAppAccessProvider({
        clientId: agent.clientId,
        clientSecret: agent.secret,
        expectedIssuer: app.url,
        assertion: ({ authorizationServerUrl, resourceUrl, scope }) =>
          grantFor(authorizationServerUrl, resourceUrl, scope),
      });
      const client = new Client({ name: "foreign", version: "1.0.0" });
      await client.connect(
        new StreamableHTTPClientTransport(new URL(`${app.url}/mcp`), { authProvider: provider }),
      );
      return client;
    }

    // sample product {
    it("work with tasks by the MCP SDK and its provider for Cross App Access", async () => {
      const client = await mcpClient();
      const { tools } = await client.listTools();
      assert.deepEqual(tools.map(({ name }) => name).sort(), [
        "assign_task",
        "complete_task",
        "create_task",
        "list_tasks",
      ]);
      const added = await client.callTool({
        name: "create_task",
        arguments: { title: "Ask Grace", assignee: "me" },
      });
      assert.equal(added.isError, undefined, JSON.stringify(added));
      const { tasks } = (await client.callTool({ name: "list_tasks", arguments: {} })).structuredContent as {
        tasks: { title: string; created: { agent: string } }[];
      };
      assert.deepEqual(
        tasks.map(({ title, created }) => [title, created.agent]),
        [["Ask Grace", "Agent"]],
      );
      await client.close();
    });
    // sample product }

    it("ask the org again by themselves when access has ended, and stop when the org refuses", async () => {
      const client = await mcpClient();
      const list = () => client.callTool({ name: "list_tasks", arguments: {} });
      const grace = (await acme.store.users.byLoginName("grace@acme.example")) ?? assert.fail();
      await endSessions(acme.store, grace.id);
      assert.equal((await list()).isError, undefined);

      const [to] = inOrg.agent.connections;
      deleteConnection(org, inOrg.agent, to?.id ?? "");
      await endSessions(acme.store, grace.id);
      await assert.rejects(list, /invalid_target|not connected|resource connection/i);
      assert.equal(accessLog().at(-1)?.event, "access_token.refused");
      inOrg.agent.connections = to ? [to] : [];
      await client.close();
    });

    /** The agent's client as openid-client sees it, by our own metadata. */
    const discovered = async () =>
      await openid.discovery(
        new URL(app.url),
        agent.clientId,
        undefined,
        openid.ClientSecretBasic(agent.secret),
        {
          algorithm: "oauth2",
          execute: [openid.allowInsecureRequests],
        },
      );
    const tasks = () => new URL(`${app.url}/api/v1/tasks`);

    it("read tasks by openid-client's generic grant", async () => {
      const configuration = await discovered();
      const assertion = await grantFor(app.url, `${app.url}/api/v1`);
      const tokens = await openid.genericGrantRequest(configuration, jwtBearer, {
        assertion,
        scope: "tasks.read",
      });
      assert.deepEqual([tokens.token_type, tokens.scope], ["bearer", "tasks.read"]);
      assert.equal(tokens.refresh_token, undefined);
      const answer = await openid.fetchProtectedResource(configuration, tokens.access_token, tasks(), "GET");
      assert.ok(Array.isArray(((await answer.json()) as { items: object[] }).items));
    });

    it("read tasks by openid-client with a token that is bound to its key", async () => {
      const configuration = await discovered();
      const DPoP = openid.getDPoPHandle(configuration, await openid.randomDPoPKeyPair("ES256"));
      const assertion = await grantFor(app.url, `${app.url}/api/v1`);
      const tokens = await openid.genericGrantRequest(configuration, jwtBearer, { assertion }, { DPoP });
      assert.equal(tokens.token_type, "dpop");
      const read = (options?: { DPoP: openid.DPoPHandle }) =>
        openid.fetchProtectedResource(
          configuration,
          tokens.access_token,
          tasks(),
          "GET",
          null,
          undefined,
          options,
        );
      assert.equal((await read({ DPoP })).status, 200);
      const others = openid.getDPoPHandle(configuration, await openid.randomDPoPKeyPair("ES256"));
      await assert.rejects(read({ DPoP: others }), openid.WWWAuthenticateChallengeError);
    });

    it("are told by openid-client that an ID token is refused", async () => {
      const configuration = await discovered();
      const assertion = idToken;
      await assert.rejects(
        openid.genericGrantRequest(configuration, jwtBearer, { assertion }),
        (error) => error instanceof openid.ResponseBodyError && error.error === "invalid_grant",
      );
    });
  });
});
