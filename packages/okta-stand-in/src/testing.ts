/** For the tests of an application: the org inside the test's process, and people and apps to put into it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createOrg, type OrgOptions, type RunningOrg } from "./server.ts";
import { newId, type OrgApp, type OrgPerson, openOrgStore, type Provisioning } from "./state.ts";
import { Visitor } from "./visitor.ts";

/** The stand-in org on a port of its own. */
export interface TestOrg extends RunningOrg {
  /** Where it listens, which differs from its url behind a proxy. */
  address: string;
  /** A visitor who is signed in nowhere. */
  browser(): Visitor;
  /** A visitor who is signed in as this person. */
  signedIn(person: OrgPerson): Promise<Visitor>;
}

/** Listens on 127.0.0.1; `url` is what it calls itself when a proxy stands before it. */
export async function startStandIn(options: Partial<OrgOptions> & { file?: string } = {}): Promise<TestOrg> {
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const store = openOrgStore(options.file ?? null);
  const org = await createOrg({ store, url: address, ...options });
  await new Promise<void>((resolve) => org.server.listen(port, "127.0.0.1", resolve));
  const browser = () => new Visitor(address, org.url);
  return {
    ...org,
    address,
    browser,
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

/** Somebody at the org, called Test User like in Okta's documents. */
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

/** An app of the org with these people assigned, whom provisioning does not know of. */
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

export function oidcSignOn(redirectUri: string): OrgApp["signOn"] {
  return {
    kind: "oidc",
    clientSecret: "the secret of an app",
    redirectUris: [redirectUri],
    postLogoutRedirectUris: [`${redirectUri}/out`],
    initiateLoginUri: `${redirectUri}/initiate`,
  };
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
