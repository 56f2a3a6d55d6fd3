import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { blockAgent, createAgent, revokeAgentGrant } from "../../src/directory/agents.ts";
import { samlUrls } from "../../src/endpoints.ts"; // SAML
import type { Connection, Identity, OidcSettings, User } from "../../src/model.ts";
import { agentStore } from "../../src/store/agents.ts";
import type { Database } from "../../src/store/database.ts";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import type { Answer } from "../helpers/client.ts";
import {
  type AgentSite,
  allScopes,
  type ClientKey,
  dpopProof,
  type FormParts,
  newClientKey,
  registerAgent,
  sendTokenRequest,
  signedClient,
  signIdJag,
  type TestAgent,
  testedConnection,
} from "../helpers/id-jag.ts";
import { createLocalAccount, createTestTenant, newUser, type TestTenant } from "../helpers/people.ts";
import { type RevokingOrg, startRevokingOrg, type TokenParts } from "../helpers/revocation.ts";
import { samlSettings } from "../helpers/saml-settings.ts"; // SAML

/** The site of helpers/id-jag.ts, and everyone who has no business there. */
export interface HostileWorld extends AgentSite {
  database: Database;
  /** The same application without leave to use private addresses. */
  strictApp: TestApp;
  /** Another tenant, connected to an org of its own. */
  bravo: TestTenant;
  bravoConnection: Connection;
  orgs: Record<OrgName, RevokingOrg>;
  /** Acme's connection to the org `noNewcomers`. */
  other: Connection;
  /** Acme's connection to the org `saml`. */ // SAML
  saml: Connection; // SAML
  agents: Record<AgentName, TestAgent>;
  keyAgent: { clientId: string; key: ClientKey };
  /** Where clients publish documents: the address of a path. */
  documentUrl(path: string): string;
  /** The key in the documents of clients. */
  documentKey: ClientKey;
  strangersKey: ClientKey;
  proofKey: ClientKey;
  proofUrl: string;
  /** Sends an ID-JAG for the usual agent; `more` changes the form, `headers` the request. */
  exchange(parts?: TokenParts, more?: FormParts, headers?: Record<string, string>): Promise<Answer>;
  /** Sends an ID-JAG for another client. */
  exchangeAs(agent: Pick<TestAgent, "clientId" | "secret">, parts?: TokenParts): Promise<Answer>;
  /** Sends an ID-JAG for the client that signs itself. */
  exchangeSigned(clientId: string, key: ClientKey, parts?: TokenParts, audience?: string): Promise<Answer>;
  /** A request with a proof of possession. */
  prove(claims?: Record<string, unknown>, header?: Record<string, unknown>, key?: ClientKey): Promise<string>;
  close(): Promise<void>;
}

/** Each org has one connection, except `shared`, which serves two tenants. */
const orgNames = [
  ...(["foreign", "bravo", "noNewcomers", "off", "shared", "down", "alias"] as const),
  "saml", // SAML
] as const;
type OrgName = (typeof orgNames)[number];
type AgentName = "ofBravo" | "revoked" | "blocked" | "unwelcome" | "readOnly" | "other";

export async function startHostileWorld(site: AgentSite, database: Database): Promise<HostileWorld> {
  const { app, org } = site;
  const started = await Promise.all(orgNames.map(async (name) => [name, await startRevokingOrg()] as const));
  const orgs = Object.fromEntries(started) as HostileWorld["orgs"];
  orgs.down.down = true;
  const strictApp = await startTestApp(database, { baseUrl: app.url });
  const bravo = await createTestTenant(database);
  const documents = await startDocuments(app.url);
  const [documentKey, strangersKey, proofKey] = [
    documents.key,
    await newClientKey("ES256"),
    await newClientKey("ES256"),
  ];
  const bravoConnection = await testedConnection(bravo, oidc(orgs.bravo, { justInTime: false }));
  const { agent: keyed } = await createAgent(database, {
    tenantId: null,
    name: "Keyed",
    scopes: allScopes,
    jwksUri: documents.urlOf("/keys"),
  });
  await site.acme.store.connections.update(site.connection.id, {
    settings: { issuer: org.issuer, clientId: "app", issuerAlias: orgs.alias.issuer },
  });
  await addPeople(site);
  const other = await addConnections(site, orgs, bravo);
  const proofUrl = `${app.url}/oauth2/token`;
  return {
    ...site,
    database,
    strictApp,
    bravo,
    bravoConnection,
    orgs,
    other,
    saml: await addSaml(site, orgs.saml), // SAML
    agents: await addAgents(site, database, bravo),
    keyAgent: { clientId: keyed.clientId, key: documentKey },
    documentUrl: documents.urlOf,
    documentKey,
    strangersKey,
    proofKey,
    proofUrl,
    exchange: async (parts = {}, more = {}, headers = {}) =>
      await site.send(await site.idJag(parts), more, headers),
    async exchangeAs({ clientId, secret }, parts = {}) {
      const assertion = await signIdJag(org, app.url, clientId, parts);
      return await site.send(assertion, { client_id: clientId, client_secret: secret });
    },
    async exchangeSigned(clientId, key, parts = {}, audience = app.url) {
      const assertion = await signIdJag(org, app.url, clientId);
      return await sendTokenRequest(app, {
        assertion,
        ...(await signedClient(key, clientId, audience, parts)),
      });
    },
    prove: (claims = {}, header = {}, key = proofKey) =>
      dpopProof(key, { htm: "POST", htu: proofUrl, ...claims }, header),
    async close() {
      await strictApp.close();
      await documents.close();
      for (const [, one] of started) await one.close();
    },
  };
}

const oidc = (org: RevokingOrg, wanted: { justInTime?: boolean } = {}, more: Partial<OidcSettings> = {}) => ({
  settings: { issuer: org.issuer, clientId: "app", ...more },
  ...wanted,
});

/** The people of acme whom no agent may act for, by their subjects. */
async function addPeople({ acme: { store, writer }, connection }: AgentSite): Promise<void> {
  const add = async (subject: string): Promise<User> => {
    const user = await createLocalAccount(store, `${subject}@acme.example`);
    await store.identities.add(connection.id, subject, user.id);
    return user;
  };
  await store.users.update((await add("00u-inactive")).id, { active: false });
  await store.users.update((await add("00u-blocked")).id, { blocked: true });
  await add("00u-revoked");
  await createLocalAccount(store, "taken@acme.example");
  const owner = await store.users.create(
    newUser("owner@acme.example", { sourceId: writer.source.id, sourceKey: "00u-owner" }),
  );
  await store.roles.grant(owner.id, "owner");
  const identity = { connectionId: connection.id, subject: "00u-deleted", userId: "gone" };
  await store.tombstones.add(randomUUID(), "deleted@acme.example", [identity as Identity]);
}

/** Connections that let no one in, each for its own reason; and two of one org. Returns the one without newcomers. */
async function addConnections({ acme }: AgentSite, orgs: HostileWorld["orgs"], bravo: TestTenant) {
  const off = await testedConnection(acme, oidc(orgs.off, {}, { crossAppAccess: false }));
  const noNewcomers = await testedConnection(acme, oidc(orgs.noNewcomers, { justInTime: false }));
  const down = await testedConnection(acme, oidc(orgs.down));
  const lin = await createLocalAccount(acme.store, "lin@acme.example");
  for (const { id } of [off, noNewcomers, down]) await acme.store.identities.add(id, "00u1", lin.id);
  for (const tenant of [acme, bravo]) await testedConnection(tenant, oidc(orgs.shared));
  // No one has signed in by it, so its org may not know it.
  const foreign = await acme.connection(oidc(orgs.foreign));
  await acme.store.identities.add(foreign.id, "00u1", lin.id);
  await acme.connection({ ...oidc(orgs.off, {}, { issuer: "https://draft.okta.example" }), draft: true });
  const disabled = await testedConnection(
    acme,
    oidc(orgs.off, {}, { issuer: "https://disabled.okta.example" }),
  );
  await acme.store.connections.update(disabled.id, { status: "disabled" });
  return noNewcomers;
}

// SAML {
async function addSaml({ acme, ada }: AgentSite, org: RevokingOrg): Promise<Connection> {
  const connection = await acme.connection({
    type: "saml",
    settings: { ...samlSettings, orgUrl: org.issuer },
  });
  await acme.store.identities.add(connection.id, "ada@acme.example", ada.id);
  return connection;
}

/** The SAML subject that names ada at her connection. */
export function samlSubject({ saml, app }: HostileWorld): Record<string, unknown> {
  const { entityId } = samlUrls(app.url, saml.key);
  return {
    format: "saml-nameid",
    issuer: samlSettings.idpEntityId,
    nameid: "ada@acme.example",
    nameid_format: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    sp_name_qualifier: entityId,
  };
}
// SAML }

async function addAgents(
  { acme, connection, app, org }: AgentSite,
  database: Database,
  bravo: TestTenant,
): Promise<HostileWorld["agents"]> {
  const agents = {
    ofBravo: await registerAgent({ database }, { tenantId: bravo.tenant.id }),
    revoked: await registerAgent({ database }),
    blocked: await registerAgent({ database }),
    unwelcome: await registerAgent({ database }),
    readOnly: await registerAgent({ database }, { scopes: ["tasks.read"] }),
    other: await registerAgent({ database }),
  };
  await agentStore(database).revoke(agents.revoked.clientId);
  await blockAgent(acme.store, agents.blocked, true);
  const { clientId, secret } = agents.unwelcome;
  const assertion = await signIdJag(org, app.url, clientId, { claims: { sub: "00u-revoked" } });
  const answer = await sendTokenRequest(app, { assertion, client_id: clientId, client_secret: secret });
  assert.equal(answer.status, 200, answer.text);
  const person = await acme.store.identities.find(connection.id, "00u-revoked");
  await revokeAgentGrant(acme.store, person?.userId ?? "", clientId, true);
  return agents;
}

/** Publishes what clients say of themselves: a good document at /good.json, and one with each fault. */
async function startDocuments(issuer: string) {
  const key = await newClientKey("ES256");
  const jwks = { keys: [key.jwk] };
  const server = createServer((req, res) => {
    const path = req.url ?? "";
    if (path === "/moved.json") {
      res.writeHead(302, { location: urlOf("/good.json") }).end();
      return;
    }
    const document = {
      client_id: urlOf(path),
      client_name: "Described",
      token_endpoint_auth_method: "private_key_jwt",
      redirect_uris: [`${issuer}/callback`],
      jwks,
    };
    const documents: Record<string, object | undefined> = {
      "/keys": jwks,
      "/good.json": document,
      "/other-id.json": { ...document, client_id: urlOf("/good.json") },
      "/secret.json": { ...document, token_endpoint_auth_method: "client_secret_basic" },
      "/no-keys.json": { ...document, jwks: undefined },
      "/large.json": { ...document, padding: "x".repeat(10_000) },
    };
    const found = documents[path];
    res.writeHead(found ? 200 : 404, { "content-type": "application/json" });
    res.end(JSON.stringify(found ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const urlOf = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  return {
    key,
    urlOf,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
