import { catalogApp } from "guide-writer/catalog";
import { newId, type OrgApp, type OrgSeed } from "okta-stand-in/state";
import { brand } from "../../config/brand.ts";
import { crossAppAccessUrls, oidcUrls, paths } from "../endpoints.ts";
import type { ConnectionType } from "../model.ts";
import { addAgent } from "./agent-seed.ts";
import type { ProtocolApp } from "./protocol-app.ts";
import { samlApp } from "./saml.ts"; // SAML
import { type DemoTenant, demoTenants, loginOf, namesOf, orgIdOf } from "./tenants.ts";

const protocolApps: Readonly<Record<ConnectionType, ProtocolApp>> = {
  oidc: { signOn: oidcSignOn, subjectFormat: "email" },
  saml: samlApp, // SAML
};

/** The org's initial content. */
export interface SeededOrg {
  seed: OrgSeed;
  /** Each customer's app in it, by the customer's slug. */
  apps: ReadonlyMap<string, OrgApp>;
  /** The credentials of the app that people use to sign in to the agent. */
  agentApp: { clientId: string; clientSecret: string };
}

/**
 * Builds the org that the customers' administrators would have set up: people, groups, and an app for each customer with
 * provisioning. Everything is pending except the guest, who is assigned but waits.
 * @param tokens provisioning tokens by the customer's slug.
 * @param agent the agent's origin, and its client ID here.
 * @param before the org's former content. The signing keys of its apps are reused, because generating one takes a while.
 */
export async function buildOrgSeed(
  baseUrl: string,
  tokens: ReadonlyMap<string, string>,
  agent: { url: string; clientId: string },
  before: OrgSeed | null,
): Promise<SeededOrg> {
  const entry = catalogApp(baseUrl);
  const seed: OrgSeed = { people: {}, groups: {}, apps: {}, catalog: { [entry.name]: entry } };
  const apps = new Map<string, OrgApp>();
  for (const tenant of demoTenants) {
    addPeople(seed, tenant);
    const signOn = await protocolApps[tenant.protocol].signOn(baseUrl, tenant.slug, before);
    const app = appOf(tenant, baseUrl, tokens.get(tenant.slug) ?? "", signOn);
    seed.apps[app.id] = app;
    apps.set(tenant.slug, app);
  }
  return { seed, apps, agentApp: addAgent(seed, baseUrl, agent) };
}

function addPeople(seed: OrgSeed, tenant: DemoTenant): void {
  for (const name of [...tenant.people, tenant.guest]) {
    const { givenName: firstName, familyName: lastName } = namesOf(name);
    const id = orgIdOf("00u", name);
    const login = loginOf(name, tenant);
    seed.people[id] = { id, login, email: login, firstName, middleName: "", lastName, status: "ACTIVE" };
  }
  for (const { name, members } of tenant.groups) {
    const id = orgIdOf("00g", name);
    seed.groups[id] = { id, name, memberIds: members.map((member) => orgIdOf("00u", member)) };
  }
}

function appOf(tenant: DemoTenant, baseUrl: string, token: string, signOn: OrgApp["signOn"]): OrgApp {
  const assignment = (state: "pending" | "waiting") => ({ remoteId: null, state, problem: null });
  const push = { remoteId: null, pushedName: null, state: "pending", problem: null } as const;
  return {
    id: newId("0oa"),
    name: "demo_app",
    label: `${brand.productName} (${tenant.name})`,
    active: true,
    signOn,
    provisioning: {
      baseUrl: baseUrl + paths.scim,
      token,
      mode: "Bearer",
      updates: "put",
      createUsers: true,
      updateAttributes: true,
      deactivateUsers: true,
    },
    universalLogout: {
      url: baseUrl + paths.globalTokenRevocation,
      subjectFormat: protocolApps[tenant.protocol].subjectFormat,
    },
    assignments: Object.fromEntries([
      ...tenant.people.map((name) => [orgIdOf("00u", name), assignment("pending")]),
      [orgIdOf("00u", tenant.guest), assignment("waiting")],
    ]),
    pushGroups: Object.fromEntries(
      tenant.groups.map(({ name }) => [orgIdOf("00g", name), { ...push, pushedMembers: {} }]),
    ),
    // One org serves both customers, so the ID-JAG has to name the tenant.
    resourceServer: { issuerUrl: crossAppAccessUrls(baseUrl).issuer, tenantId: tenant.slug },
  };
}

async function oidcSignOn(baseUrl: string, key: string): Promise<OrgApp["signOn"]> {
  const { redirectUri, postLogoutRedirectUri, initiateLoginUri } = oidcUrls(baseUrl, key);
  const uris = { redirectUris: [redirectUri], postLogoutRedirectUris: [postLogoutRedirectUri] };
  return { kind: "oidc", clientSecret: newId(""), ...uris, initiateLoginUri };
}
