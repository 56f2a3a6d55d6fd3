import assert from "node:assert/strict";
import type { CheckOptions } from "oin-kit/check/options";
import { CheckReport } from "oin-kit/check/report";
import type { Area } from "oin-kit/check/rules/rule";
import { type CheckDeps, type CheckOutcome, runCheck } from "oin-kit/check/run";
import { checkScim } from "oin-kit/check/scim/check";
import { declarationFor } from "oin-kit/check/scim/declared";
import type { ScimStep } from "oin-kit/check/scim/steps";
import { openWeb } from "oin-kit/check/web";
import { apiScopes, integration } from "../../config/integration.ts";
import { createAgent } from "../../src/directory/agents.ts";
import { createProvisioningClient } from "../../src/directory/provisioning-clients.ts";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import { connectionTypes } from "../../src/sign-in-protocols.ts";
import { product } from "../../tools/guide/src/product.ts";
import { startTestApp, type TestApp } from "./app.ts";
import { createSigningKey, type SigningKey } from "./certificates.ts"; // SAML
import type { TestDatabase } from "./databases.ts";
import { type Front, startFront } from "./front.ts";
import { type OpenIdProvider, startOpenIdProvider } from "./openid-provider.ts";
import { connectOrg, orgOptions, orgSealer } from "./org.ts";
import { createLocalAccount, createTestTenant, type TestTenant } from "./people.ts";
import { freePort } from "./postgres-server.ts";
import { samlSettings } from "./saml-settings.ts"; // SAML
import { oktaUser, scimClient } from "./scim.ts";

/** A deployment that is ready for the OIN, behind a proxy that can add faults. */
export interface ReadyDeployment {
  front: Front;
  app: TestApp;
  tenant: TestTenant;
  /** The org of the OIDC connection. */
  op: OpenIdProvider;
  /** The key of a connection by each protocol. */
  key: string;
  token: string;
  /** The client ID that Okta has for OAuth 2.0 for SCIM. */
  scimClient: string;
  /** A connection for Cross App Access, with the org that the check plays, and an agent. */
  forAgents: Required<Pick<CheckOptions, "connections" | "agents">>;
  /** Runs the check in this process. The area `agents` has the connection and the agent of its own. */
  check(options?: Partial<CheckOptions>, deps?: Partial<CheckDeps>): Promise<CheckOutcome>;
  /** Runs some steps of the SCIM check, which takes less time than all of them. */
  checkScim(...steps: ScimStep[]): Promise<Pick<CheckOutcome, "results" | "left">>;
  /** The number of people and groups of the tenant. */
  population(): Promise<{ users: number; groups: number }>;
}

/** The areas of what this product offers. */
export const ownAreas: readonly Area[] = [
  ...(["site", "listing"] as const),
  ...connectionTypes,
  ...(["universal-logout", "agents", "guides", "scim", "scim-oauth"] as const),
  "idp-metadata", // SAML
];

/** The facts that a check takes from this checkout before anything is published. */
export const checkout: CheckDeps = {
  product,
  published: null,
  guideFiles: () => Promise.resolve(new Map()),
};

/** Defines the hooks. The returned function returns the deployment in a test. */
export function useReadyDeployment(use: () => TestDatabase): () => ReadyDeployment {
  let deployment: ReadyDeployment;
  let op: OpenIdProvider;
  before(async () => {
    const { database } = use();
    const front = await startFront();
    op = await startOpenIdProvider();
    const app = await startTestApp(database, { ...orgOptions, baseUrl: front.url });
    front.pointTo(app.url.replace("localhost", "127.0.0.1"));
    const tenant = await createTestTenant(database);
    const key = `ready-${tenant.tenant.slug}`;
    await connectOrg(op, { baseUrl: front.url, tenant }, {}, { key });
    await connectSaml(tenant, key); // SAML
    await createReviewers(database);
    const { token } = await createToken(tenant.store);
    await scimClient(app, token).send("POST", "/Users", oktaUser("ada@acme.example"));
    const { clientId } = await createProvisioningClient(database);
    const forAgents = await prepareAgents(database, tenant);
    deployment = {
      front,
      app,
      tenant,
      op,
      key,
      token,
      scimClient: clientId,
      forAgents,
      check: (options = {}, deps = {}) => {
        const own = options.areas?.includes("agents") ? forAgents : {};
        return runCheck(
          { ...optionsFor(front.url, key, token), scimClient: clientId, ...own, ...options },
          { ...checkout, ...deps },
        );
      },
      checkScim: (...steps) => checkSteps(front.url, token, steps),
      population: async () => ({
        users: await tenant.store.users.count(),
        groups: await tenant.store.groups.count(),
      }),
    };
  });
  after(async () => {
    await deployment.front.close();
    await deployment.app.close();
    await op.close();
  });
  afterEach(() => deployment.front.plant(null));
  return () => deployment;
}

async function checkSteps(url: string, token: string, steps: ScimStep[]) {
  const report = new CheckReport([token]);
  const web = openWeb();
  const scimUrl = `${url}/scim/v2`;
  const target = { url: scimUrl, token, declared: declarationFor(product, url, scimUrl) };
  const left = await checkScim(target, { check: web, cleanUp: web }, report, { steps });
  return { results: report.results(["scim"]), left };
}

function optionsFor(url: string, key: string, scimToken: string): CheckOptions {
  return {
    url,
    scimUrl: `${url}/scim/v2`,
    scimToken,
    connections: [key],
    idpMetadata: null,
    areas: ["site", "listing", ...connectionTypes, "universal-logout", "guides", "scim"],
  };
}

/** Registers an agent, and connects the tenant to an address on which nothing listens: the check plays that org. */
async function prepareAgents(
  database: TestDatabase["database"],
  tenant: TestTenant,
): Promise<ReadyDeployment["forAgents"]> {
  const issuer = `http://127.0.0.1:${await freePort()}`;
  const { key } = await tenant.connection({
    key: `agents-${tenant.tenant.slug}`,
    settings: { issuer, clientId: "0oaoincheck" },
    secret: { text: "a secret that no one asks for", sealer: orgSealer },
  });
  const scopes = apiScopes.map(({ name }) => name);
  const { agent, secret } = await createAgent(database, {
    tenantId: null,
    name: "Readiness check",
    scopes,
    jwksUri: null,
  });
  assert.ok(secret);
  return {
    connections: [key],
    agents: { agent: { clientId: agent.clientId, clientSecret: secret }, org: { issuer, port: null } },
  };
}

// SAML {
/** Once for the whole process: no one signs with it. */
let providersKey: Promise<SigningKey> | undefined;

async function connectSaml(tenant: TestTenant, key: string): Promise<void> {
  providersKey ??= createSigningKey("acme");
  const { certificate } = await providersKey;
  await tenant.connection({
    key,
    type: "saml",
    settings: { ...samlSettings, certificates: [certificate] },
  });
}
// SAML }

/** Creates the tenant for Okta's reviewers as the submission package tells the operator. */
async function createReviewers(database: TestDatabase["database"]): Promise<void> {
  const { tenant, username } = integration.testAccount;
  const { store } = await createTestTenant(database, tenant);
  await createLocalAccount(store, username, "owner");
}
