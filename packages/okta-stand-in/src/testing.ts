/** For the tests of an application: starts an org in the test's process, and adds people and apps to it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { JWK } from "jose";
import { activateAgent, addConnection, linkApp, registerAgent, registerClient } from "./agents.ts";
import { newSigningKey } from "./keys.ts";
import { createOrg, type OrgOptions, type RunningOrg } from "./server.ts";
import {
  type AiAgent,
  apiScopes,
  type ClientRegistration,
  newId,
  type OidcSignOn,
  type OrgApp,
  type OrgPerson,
  openOrgStore,
  type Provisioning,
  type ResourceConnection,
} from "./state.ts";
import { Visitor } from "./visitor.ts";

/** A stand-in org on a free port. */
export interface TestOrg extends RunningOrg {
  /** The origin that it listens on, which differs from `url` behind a proxy. */
  address: string;
  /** A visitor without a session. */
  browser(): Visitor;
  /** A visitor who is signed in as this person. */
  signedIn(person: OrgPerson): Promise<Visitor>;
}

/** Keys of orgs that have closed. Keys are slow to make, so a later org gets one of them. */
const freeKeys: JWK[] = [];

/** Starts an org on 127.0.0.1. @param options.url the public origin, if a proxy is in front of it. */
export async function startStandIn(options: Partial<OrgOptions> & { file?: string } = {}): Promise<TestOrg> {
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const store = openOrgStore(options.file ?? null);
  const leased = options.file ? [] : [freeKeys.pop() ?? (await newSigningKey())];
  if (!options.file) store.state.keys = [...leased];
  const org = await createOrg({ store, url: address, ...options });
  await new Promise<void>((resolve) => org.server.listen(port, "127.0.0.1", resolve));
  const browser = () => new Visitor(address, org.url);
  return {
    ...org,
    address,
    browser,
    async close() {
      await org.close();
      freeKeys.push(...leased.splice(0));
    },
    async signedIn(person) {
      const client = browser();
      const answer = await client.post("/login", { username: person.login });
      if (answer.status !== 303) throw new Error(answer.text);
      return client;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Adds a person, named Test User by default as in Okta's documents. */
export function addTo(org: RunningOrg, person: Partial<OrgPerson> & { login: string }): OrgPerson {
  const added: OrgPerson = {
    id: newId("00u"),
    email: person.login,
    firstName: "Test",
    middleName: "",
    lastName: "User",
    status: "ACTIVE",
    ...person,
  };
  org.store.state.people[added.id] = added;
  return added;
}

/** Adds an app with these people assigned, but not provisioned. */
export function addApp(org: RunningOrg, signOn: OrgApp["signOn"], people: readonly OrgPerson[] = []): OrgApp {
  const assignment = () => ({ remoteId: null, state: "waiting" as const, problem: null });
  const app: OrgApp = {
    id: newId("0oa"),
    name: "test_app",
    label: "Test App",
    active: true,
    signOn,
    provisioning: null,
    universalLogout: null,
    pushGroups: {},
    assignments: Object.fromEntries(people.map(({ id }) => [id, assignment()])),
  };
  org.store.state.apps[app.id] = app;
  return app;
}

/** Enables Entitlement Management, with the roles member and admin that the application seems to offer. */
export function governed(app: OrgApp): OrgApp {
  const values = ["member", "admin"].map((value) => ({ value, display: value, description: "" }));
  const role = { name: "Role", attribute: "roles" as const, description: "", values };
  app.governance = { resourceTypes: [role], policy: [] };
  return app;
}

export function oidcSignOn(redirectUri: string): OidcSignOn {
  return {
    kind: "oidc",
    clientSecret: "the secret of an app",
    redirectUris: [redirectUri],
    postLogoutRedirectUris: [`${redirectUri}/out`],
    initiateLoginUri: `${redirectUri}/initiate`,
  };
}

/** A custom OIDC app that may manage a stream of shared signals: with refresh tokens, and the scopes of the API. */
export function addSignalsApp(org: RunningOrg, redirectUri: string, people: readonly OrgPerson[]): OrgApp {
  const clientSecret = newId("") + newId("");
  const grants = { refreshTokens: true, apiScopes: [...apiScopes] };
  return addApp(org, { ...oidcSignOn(redirectUri), clientSecret, ...grants }, people);
}

/** A resource app and what an agent may do there. */
interface WantedConnection extends Omit<ResourceConnection, "id" | "appId"> {
  app: OrgApp;
  /** The issuer of the app's authorization server. */
  issuerUrl: string;
  tenantId?: string;
}

/** An AI agent that is ready to act for people. */
interface ReadyAgent {
  agent: AiAgent;
  /** The app that people sign in to. */
  app: OrgApp;
}

/**
 * Registers an AI agent with a linked app and resource connections, and activates it. Throws OrgRefusal.
 * @param wanted.registration by default the client secret of the linked OIDC app.
 */
export function addAiAgent(
  org: RunningOrg,
  app: OrgApp,
  wanted: { name?: string; registration?: ClientRegistration; connections: readonly WantedConnection[] },
): ReadyAgent {
  const agent = registerAgent(org, wanted.name ?? "Test agent");
  linkApp(org, agent, app);
  if (wanted.registration) registerClient(org, agent, wanted.registration);
  for (const { app: resourceApp, issuerUrl, tenantId = "", ...connection } of wanted.connections) {
    resourceApp.resourceServer ??= { issuerUrl, tenantId };
    addConnection(org, agent, { appId: resourceApp.id, ...connection });
  }
  activateAgent(org, agent);
  return { agent, app };
}

export function integration(baseUrl: string, wanted: Partial<Provisioning> = {}): Provisioning {
  return {
    baseUrl,
    token: "a token",
    mode: "Bearer",
    updates: "put",
    createUsers: true,
    updateAttributes: true,
    deactivateUsers: true,
    ...wanted,
  };
}
