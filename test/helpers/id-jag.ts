import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { exportJWK, type JWK, SignJWT } from "jose";
import { apiScopes } from "../../config/integration.ts";
import { createAgent } from "../../src/directory/agents.ts";
import type { ConnectionInput } from "../../src/directory/connections.ts";
import type { Agent, Connection, User } from "../../src/model.ts";
import { startTestApp, type TestApp } from "./app.ts";
import type { Answer } from "./client.ts";
import type { TestDatabase } from "./databases.ts";
import { createLocalAccount, createTestTenant, type TestTenant } from "./people.ts";
import { type RevokingOrg, startRevokingOrg, type TokenParts } from "./revocation.ts";

export const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const clientAssertion = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
export const allScopes: string[] = apiScopes.map(({ name }) => name);

/** A registered agent and its secret. */
export interface TestAgent extends Agent {
  secret: string;
}

/** The application, an org that signs ID-JAGs, a tenant connected to it, a person there and an agent of the deployment. */
export interface AgentSite {
  app: TestApp;
  org: RevokingOrg;
  acme: TestTenant;
  connection: Connection;
  /** Her subject at the org is `00u1`. */
  ada: User;
  agent: TestAgent;
  /** Starts another org, which is closed with the site. */
  startOrg(): Promise<RevokingOrg>;
  /** An ID-JAG for the agent and ada, in which nothing is wrong. */
  idJag(parts?: TokenParts): Promise<string>;
  /** Sends the agent's token request; undefined removes a parameter. */
  send(assertion: string, more?: FormParts, headers?: Record<string, string>): Promise<Answer>;
  /** Signs an ID-JAG, exchanges it and returns the response's body. Fails unless there is a token. */
  token(parts?: TokenParts, more?: FormParts): Promise<TokenAnswer>;
}

export type FormParts = Record<string, string | string[] | undefined>;

export interface TokenAnswer {
  token_type: string;
  access_token: string;
  expires_in: number;
  scope: string;
}

/** Defines the hooks. The returned function returns the site in a test. */
export function useAgentSite(use: () => TestDatabase): () => AgentSite {
  let site: AgentSite & { orgs: RevokingOrg[] };
  before(async () => {
    site = await startAgentSite(use());
  });
  after(async () => {
    await site.app.close();
    for (const org of site.orgs) await org.close();
  });
  return () => site;
}

async function startAgentSite({ database }: TestDatabase): Promise<AgentSite & { orgs: RevokingOrg[] }> {
  const orgs: RevokingOrg[] = [];
  const startOrg = async () => {
    const started = await startRevokingOrg();
    orgs.push(started);
    return started;
  };
  const org = await startOrg();
  const app = await startTestApp(database, { insecureAllowPrivateNetwork: true });
  const acme = await createTestTenant(database);
  const connection = await testedConnection(acme, { settings: { issuer: org.issuer, clientId: "app" } });
  const ada = await createLocalAccount(acme.store, "ada@acme.example");
  await acme.store.identities.add(connection.id, "00u1", ada.id);
  const agent = await registerAgent({ database });
  const idJag = (parts: TokenParts = {}) => signIdJag(org, app.url, agent.clientId, parts);
  const send: AgentSite["send"] = (assertion, more = {}, headers = {}) =>
    sendTokenRequest(
      app,
      { client_id: agent.clientId, client_secret: agent.secret, assertion, ...more },
      headers,
    );
  return {
    app,
    orgs,
    org,
    startOrg,
    acme,
    connection,
    ada,
    agent,
    idJag,
    send,
    async token(parts, more) {
      const answer = await send(await idJag(parts), more);
      assert.equal(answer.status, 200, answer.text);
      return JSON.parse(answer.text) as TokenAnswer;
    },
  };
}

/** Adds a connection by which a test sign-in has succeeded, so the org knows it. */
export async function testedConnection(
  { store, connection }: TestTenant,
  wanted: Partial<ConnectionInput>,
): Promise<Connection> {
  const { id } = await connection(wanted);
  return await store.connections.update(id, { testedAt: Date.now() });
}

/** Registers an agent with a secret; of the deployment, unless `wanted` says otherwise. */
export async function registerAgent(
  { database }: Pick<TestDatabase, "database">,
  wanted: { tenantId?: string; scopes?: string[] } = {},
): Promise<TestAgent> {
  const { tenantId = null, scopes = allScopes } = wanted;
  const { agent, secret } = await createAgent(database, { tenantId, name: "Agent", scopes, jwksUri: null });
  return { ...agent, secret: secret ?? assert.fail() };
}

/** An ID-JAG as Okta makes it. The claims are merged; undefined removes one. */
export async function signIdJag(
  org: RevokingOrg,
  audience: string,
  clientId: string,
  { header = {}, claims = {}, key = org.privateKey }: TokenParts = {},
): Promise<string> {
  const iat = Math.floor(Date.now() / 1000);
  const usual = {
    iss: org.issuer,
    sub: "00u1",
    aud: audience,
    client_id: clientId,
    jti: `IDAAG.${randomUUID()}`,
    scope: allScopes.join(" "),
    act: { sub: "wlp1", sub_profile: "ai_agent" },
  };
  return await new SignJWT({ ...usual, iat, exp: iat + 300, ...claims })
    .setProtectedHeader({ typ: "oauth-id-jag+jwt", alg: "RS256", kid: "k1", ...header })
    .sign(key);
}

/** Sends a token request with an ID-JAG. The form has exactly `parts`, and the grant type unless that is undefined. */
export async function sendTokenRequest(
  app: TestApp,
  parts: FormParts,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const form = new URLSearchParams();
  for (const [name, values] of Object.entries({ grant_type: jwtBearer, ...parts }))
    for (const value of [values ?? []].flat()) form.append(name, value);
  return await app.client().send("POST", "/oauth2/token", headers, form);
}

/** The refusal of the last token request, as the log has it. */
export function lastRefusal(app: TestApp): { rule: unknown; reason: unknown } {
  const { rule, reason } =
    app.logged.findLast(({ event }) => event === "cross_app_access.refused") ?? assert.fail("no refusal");
  return { rule, reason };
}

/** A key of a client: the private one, and the public one to publish. */
export interface ClientKey {
  privateKey: KeyObject;
  jwk: JWK;
}

export async function newClientKey(alg: "ES256" | "RS256" = "ES256", kid = "c1"): Promise<ClientKey> {
  const { privateKey, publicKey } =
    alg === "ES256"
      ? generateKeyPairSync("ec", { namedCurve: "P-256" })
      : generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

/** The parameters with which a client authenticates by its key (private_key_jwt). */
export async function signedClient(
  { privateKey, jwk }: ClientKey,
  clientId: string,
  audience: string,
  { header = {}, claims = {}, key = privateKey }: TokenParts = {},
): Promise<FormParts> {
  const iat = Math.floor(Date.now() / 1000);
  const usual = { iss: clientId, sub: clientId, aud: audience, jti: randomUUID(), iat, exp: iat + 300 };
  const token = await new SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ alg: jwk.alg ?? "ES256", kid: jwk.kid ?? "c1", ...header })
    .sign(key);
  return {
    client_id: undefined,
    client_secret: undefined,
    client_assertion_type: clientAssertion,
    client_assertion: token,
  };
}

/** A proof of possession for a request (RFC 9449). */
export async function dpopProof(
  { privateKey, jwk }: ClientKey,
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
): Promise<string> {
  const { kty, crv, x, y, n, e } = jwk;
  const publicKey = JSON.parse(JSON.stringify({ kty, crv, x, y, n, e })) as JWK;
  return await new SignJWT({ jti: randomUUID(), iat: Math.floor(Date.now() / 1000), ...claims })
    .setProtectedHeader({ typ: "dpop+jwt", alg: jwk.alg ?? "ES256", jwk: publicKey, ...header })
    .sign(privateKey);
}
