import assert from "node:assert/strict";
import { tokenPolicy } from "../../src/cross-app-access/policy.ts";
import { blockAgent, createAgent } from "../../src/directory/agents.ts";
import { agentStore } from "../../src/store/agents.ts";
import type { Answer } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import {
  type ClientKey,
  dpopProof,
  lastRefusal,
  newClientKey,
  registerAgent,
  sendTokenRequest,
  signedClient,
  signIdJag,
  testedConnection,
  useAgentSite,
} from "../helpers/id-jag.ts";
import { createLocalAccount, createTestTenant } from "../helpers/people.ts";
import { strangersKey } from "../helpers/revocation.ts";

const now = () => Math.floor(Date.now() / 1000);

describe("the policy of the token endpoint", () => {
  onOneDatabase((use) => {
    const site = useAgentSite(use);
    const send = async (...[parts, more, headers]: SendParameters) =>
      await site().send(await site().idJag(parts), more, headers);
    const claims = (changed: Record<string, unknown>) => () => send({ claims: changed });
    const proofFor = async () =>
      await dpopProof(await newClientKey(), { htm: "POST", htu: `${site().app.url}/oauth2/token` });
    /** Runs a request as an agent that was just registered, so that no other test sees what happens to it. */
    const asNewAgent = async (prepare: (clientId: string) => Promise<void>, scopes?: string[]) => {
      const agent = await registerAgent(use(), scopes ? { scopes } : {});
      await prepare(agent.clientId);
      const { app, org } = site();
      const assertion = await signIdJag(org, app.url, agent.clientId);
      const client = { client_id: agent.clientId, client_secret: agent.secret };
      return await sendTokenRequest(app, { ...client, assertion });
    };

    let signing: { clientId: string; key: ClientKey };
    before(async () => {
      const key = await newClientKey();
      const { org } = site();
      org.documents.set("/agent/keys", { keys: [key.jwk] });
      const wanted = {
        tenantId: null,
        name: "Keys",
        scopes: ["tasks.read"],
        jwksUri: `${org.issuer}/agent/keys`,
      };
      const { agent } = await createAgent(use().database, wanted);
      signing = { clientId: agent.clientId, key };
    });
    /** Runs a request as an agent that signs an assertion of its own. */
    const asSigned = async (audience: string, changed: Record<string, unknown> = {}) => {
      const { app, org } = site();
      const { clientId, key } = signing;
      const client = await signedClient(key, clientId, audience, { claims: changed });
      return await sendTokenRequest(app, { ...client, assertion: await signIdJag(org, app.url, clientId) });
    };

    /** A request that one rule refuses, by the rule's id. */
    const hostile = new Map<string, () => Promise<Answer>>([
      [
        "request-form",
        () => site().app.client().send("POST", "/oauth2/token", { "content-type": "application/json" }, "{}"),
      ],
      ["parameters-once", () => send({}, { scope: ["tasks.read", "tasks.write"] })],
      ["parameters-text", () => send({}, { scope: "tasks.read\0" })],
      ["client-one-method", () => send({}, {}, { authorization: "Basic YTpi" })],
      ["client-known", () => send({}, { client_id: "agent_unknown" })],
      [
        "client-named",
        async () => {
          const { clientId, secret } = site().agent;
          const authorization = `Basic ${Buffer.from(`${clientId}:${secret}`).toString("base64")}`;
          return await send({}, { client_id: "agent_other", client_secret: undefined }, { authorization });
        },
      ],
      [
        "client-not-revoked",
        () =>
          asNewAgent((clientId) =>
            agentStore(use().database)
              .revoke(clientId)
              .then(() => {}),
          ),
      ],
      ["client-authenticated", () => send({}, { client_secret: "wrong" })],
      ["client-assertion-audience", () => asSigned("https://other.example")],
      ["client-assertion-lifetime", () => asSigned(site().app.url, { exp: now() + 7200 })],
      [
        "client-assertion-unused",
        async () => {
          const jti = "used-before";
          await asSigned(site().app.url, { jti });
          return await asSigned(site().app.url, { jti });
        },
      ],
      ["grant-type", () => send({}, { grant_type: "client_credentials" })],
      ["client-grant", () => send({}, { grant_type: "authorization_code" })],
      ["assertion-given", () => site().send("")],
      ["assertion-readable", () => site().send("nonsense")],
      ["assertion-claims", claims({ scope: 1 })],
      ["issuer-connected", claims({ iss: "https://stranger.example" })],
      [
        "client-of-tenant",
        async () => {
          const { tenant } = await createTestTenant(use().database);
          const agent = await registerAgent(use(), { tenantId: tenant.id });
          const assertion = await signIdJag(site().org, site().app.url, agent.clientId);
          return await site().send(assertion, { client_id: agent.clientId, client_secret: agent.secret });
        },
      ],
      ["tenant-named", claims({ aud_tenant: "another" })],
      ["subject-named", claims({ sub: undefined })],
      [
        "tenant-vouched",
        async () => {
          const foreign = await site().startOrg();
          await site().acme.connection({ settings: { issuer: foreign.issuer, clientId: "app" } });
          return await site().send(await signIdJag(foreign, site().app.url, site().agent.clientId));
        },
      ],
      [
        "connection-clear",
        async () => {
          const twice = await site().startOrg();
          const settings = { issuer: twice.issuer, clientId: "app" };
          await testedConnection(site().acme, { settings });
          await testedConnection(site().acme, { settings });
          return await site().send(await signIdJag(twice, site().app.url, site().agent.clientId));
        },
      ],
      [
        "switched-on",
        async () => {
          const off = await site().startOrg();
          const settings = { issuer: off.issuer, clientId: "app", crossAppAccess: false };
          await testedConnection(site().acme, { settings });
          return await site().send(await signIdJag(off, site().app.url, site().agent.clientId));
        },
      ],
      [
        "keys-available",
        async () => {
          const lost = await site().startOrg();
          await testedConnection(site().acme, { settings: { issuer: lost.issuer, clientId: "app" } });
          lost.down = true;
          return await site().send(await signIdJag(lost, site().app.url, site().agent.clientId));
        },
      ],
      ["assertion-signature", () => send({ key: strangersKey })],
      ["assertion-type", () => send({ header: { typ: "JWT" } })],
      ["assertion-audience", () => send({ claims: { aud: [site().app.url, "https://other.example"] } })],
      ["assertion-client", claims({ client_id: "agent_other" })],
      ["assertion-id", claims({ jti: undefined })],
      ["assertion-not-before", () => send({ claims: { nbf: now() + 120 } })],
      ["assertion-expiry", () => send({ claims: { iat: now() - 400, exp: now() - 100 } })],
      ["assertion-issued", () => send({ claims: { iat: now() + 120 } })],
      ["assertion-lifetime", () => send({ claims: { exp: now() + 900 } })],
      [
        "resource-ours",
        () => send({ claims: { resource: [`${site().app.url}/mcp`, "https://other.example"] } }),
      ],
      ["resource-covered", () => send({}, { resource: `${site().app.url}/mcp` })],
      ["proof-valid", () => send({}, {}, { dpop: "nonsense" })],
      ["proof-given", claims({ cnf: { jkt: "0".repeat(43) } })],
      [
        "proof-key",
        async () => send({ claims: { cnf: { jkt: "0".repeat(43) } } }, {}, { dpop: await proofFor() }),
      ],
      [
        "agent-not-blocked",
        () => asNewAgent((clientId) => blockAgent(site().acme.store, { clientId, name: "Agent" }, true)),
      ],
      [
        "assertion-unused",
        async () => {
          const assertion = await site().idJag({ claims: { resource: `${site().app.url}/mcp` } });
          assert.equal((await site().send(assertion)).status, 200);
          return await site().send(assertion);
        },
      ],
      [
        "person-admitted",
        async () => {
          const { acme, connection } = site();
          const bob = await createLocalAccount(acme.store, "bob@acme.example");
          await acme.store.identities.add(connection.id, "00u2", bob.id);
          await acme.store.users.update(bob.id, { blocked: true });
          return await send({ claims: { sub: "00u2" } });
        },
      ],
      [
        "access-not-revoked",
        () =>
          asNewAgent(async (clientId) => {
            const { acme, ada } = site();
            await acme.store.agents.recordUse({ clientId, name: "Agent" }, ada.id);
            await acme.store.agents.recordGrant(ada.id, clientId, ["tasks.read"]);
            await acme.store.agents.setRevoked(ada.id, clientId, true);
          }),
      ],
      ["scope-left", () => send({ claims: { scope: "tasks.read" } }, { scope: "tasks.write" })],
    ]);

    it("has a hostile request for each rule, and no rule twice", () => {
      assert.deepEqual([...hostile.keys()].sort(), tokenPolicy.map(({ id }) => id).sort());
    });

    for (const { id, name, reason } of tokenPolicy) {
      it(`refuses by ${id}, with ${reason}: ${name}`, async () => {
        const answer = await (hostile.get(id) ?? assert.fail())();
        const { error } = JSON.parse(answer.text) as { error: string };
        assert.deepEqual({ rule: lastRefusal(site().app).rule, error }, { rule: id, error: reason });
        const status = { invalid_client: 401, temporarily_unavailable: 503 }[reason as string] ?? 400;
        assert.equal(answer.status, status);
        assert.equal(answer.headers.get("cache-control"), "no-store");
      });
    }
  });
});

type Site = ReturnType<ReturnType<typeof useAgentSite>>;
type SendParameters = [
  parts?: Parameters<Site["idJag"]>[0],
  more?: Parameters<Site["send"]>[1],
  headers?: Parameters<Site["send"]>[2],
];
