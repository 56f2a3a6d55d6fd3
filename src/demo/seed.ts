import type { Customer, SeededApp } from "okta-stand-in/control";
import { brand } from "../../config/brand.ts";
import type { Config } from "../config.ts";
import { createConnection, type WantedConnection } from "../directory/connections.ts";
import { createLocalUser } from "../directory/local-accounts.ts";
import { hashPassword } from "../directory/password-hash.ts";
import { createToken } from "../directory/provisioning-tokens.ts";
import { addDomain, createTenant } from "../directory/tenants.ts";
import { oidcUrls, paths, samlUrls } from "../endpoints.ts";
import type { SamlSettings } from "../model.ts";
import { parseIdpMetadata } from "../saml/idp-metadata.ts";
import type { Database } from "../store/database.ts";
import { sealer } from "../store/secrets.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { guardedFetch } from "../trust/guarded-fetch.ts";
import { attributeStatements } from "./attribute-statements.ts";
import { type DemoTenant, demoTenants, loginOf, namesOf, orgIdOf } from "./cast.ts";
import { emptied } from "./emptied.ts";
import type { OrgControl } from "./org-control.ts";
import { seedTasks } from "./seed-tasks.ts"; // sample product

/** The inspector is on in the demo, because it is there to be looked at. */
const inspectorMs = 30 * 86_400_000;

export interface SeedDeps {
  database: Database;
  config: Config;
  /** Null with an Okta org of your own, where the connections are set up by hand. */
  org: OrgControl | null;
  /** Of the owners' accounts. */
  password: string;
}

/** The hash of the owners' password. A hash is made to be slow, and a reset is not the time to wait for it again. */
const passwordHashes = new Map<string, Promise<string>>();
function passwordHashOf(password: string): Promise<string> {
  const hash = passwordHashes.get(password) ?? hashPassword(password);
  passwordHashes.set(password, hash);
  return hash;
}

/** Whether the demo is as a seed left it, or as somebody used it since. */
export async function isSeeded({ database, org }: SeedDeps): Promise<boolean> {
  if ((await systemStore(database).tenants.list()).length === 0) return false;
  return org === null || (await org.isFilled());
}

/**
 * Makes the demo as new: the database, and the org beside it. The application has to listen already, because the org
 * provisions it by SCIM. A seed that fails leaves nothing behind, so that the next start seeds again.
 */
export async function resetDemo(deps: SeedDeps): Promise<void> {
  void passwordHashOf(deps.password);
  await emptied(deps.database);
  try {
    const stores = await seedTenants(deps);
    if (deps.org) await connect(deps, deps.org, stores);
    for (const [tenant, store] of stores) await seedTasks(store, tenant); // sample product
  } catch (error) {
    await emptied(deps.database);
    throw error;
  }
}

type Stores = Map<DemoTenant, TenantStore>;

async function seedTenants({ database, password }: SeedDeps): Promise<Stores> {
  const passwordHash = await passwordHashOf(password);
  const stores: Stores = new Map();
  for (const wanted of demoTenants) {
    const tenant = await createTenant(database, wanted.slug, wanted.name);
    const store = forTenant(database, tenant.id);
    await store.domains.markVerified(await addDomain(store, wanted.domain));
    const owner = await createLocalUser(store, loginOf(wanted.owner, wanted), namesOf(wanted.owner));
    await store.credentials.set(owner.id, passwordHash);
    await store.roles.grant(owner.id, "owner");
    await store.inspector.recordUntil(Date.now() + inspectorMs);
    stores.set(wanted, store);
  }
  return stores;
}

/** Connects each customer to its app at the org, has the org provision it, and gives groups their roles. */
async function connect(deps: SeedDeps, org: OrgControl, stores: Stores): Promise<void> {
  const { baseUrl } = deps.config;
  const apps = await org.seed(demoTenants.map((tenant) => customerOf(tenant, baseUrl)));
  const tokens: string[] = [];
  for (const [index, [tenant, store]] of [...stores].entries()) {
    const app = apps[index];
    if (!app) throw new Error("The stand-in org made fewer apps than there are customers.");
    await createConnection(deps.database, store.tenantId, await connectionTo(deps, org, tenant, app));
    tokens.push((await createToken(store)).token);
  }
  await org.provision(
    demoTenants.map((tenant, index) => ({
      appId: apps[index]?.id ?? "",
      baseUrl: baseUrl + paths.scim,
      token: tokens[index] ?? "",
      people: tenant.people.map((name) => loginOf(name, tenant)),
    })),
  );
  for (const [tenant, store] of stores) await mapGroups(tenant, store);
}

async function mapGroups({ groups }: DemoTenant, store: TenantStore): Promise<void> {
  for (const { name, role } of groups) {
    const group = await store.groups.byName(name);
    if (group && role) await store.roles.mapGroup(group.id, role);
  }
}

/** What the org's administrator enters for a customer. */
function customerOf(tenant: DemoTenant, baseUrl: string): Customer {
  const everybody = [...tenant.people, tenant.guest];
  return {
    label: `${brand.productName} (${tenant.name})`,
    signOn: tenant.protocol === "oidc" ? oidcSignOn(baseUrl, tenant.slug) : samlSignOn(baseUrl, tenant.slug),
    universalLogout: {
      url: baseUrl + paths.globalTokenRevocation,
      subjectFormat: tenant.protocol === "oidc" ? "email" : "iss_sub",
    },
    people: everybody.map((name) => {
      const { givenName: firstName, familyName: lastName } = namesOf(name);
      return { id: orgIdOf("00u", name), login: loginOf(name, tenant), firstName, lastName };
    }),
    groups: tenant.groups.map(({ name, members }) => ({
      id: orgIdOf("00g", name),
      name,
      members: members.map((member) => loginOf(member, tenant)),
    })),
  };
}

function oidcSignOn(baseUrl: string, key: string): Customer["signOn"] {
  const { redirectUri, postLogoutRedirectUri, initiateLoginUri } = oidcUrls(baseUrl, key);
  const uris = { redirectUris: [redirectUri], postLogoutRedirectUris: [postLogoutRedirectUri] };
  return { kind: "oidc", ...uris, initiateLoginUri };
}

function samlSignOn(baseUrl: string, key: string): Customer["signOn"] {
  const { acsUrl, entityId: audience } = samlUrls(baseUrl, key);
  return { kind: "saml", acsUrl, audience, attributeStatements: attributeStatements() };
}

async function connectionTo(
  { config }: SeedDeps,
  org: OrgControl,
  { slug, protocol }: DemoTenant,
  app: SeededApp,
): Promise<WantedConnection> {
  const base = { key: slug, justInTime: true, draft: false };
  if (protocol === "oidc") {
    const secret = { text: app.clientSecret ?? "", sealer: sealer(config.dataKey) };
    return {
      ...base,
      type: "oidc",
      settings: { issuer: org.url, clientId: app.id, signOutOfProvider: true },
      secret,
    };
  }
  const metadataUrl = app.metadataUrl ?? "";
  const xml = await guardedFetch(metadataUrl, { allowPrivateNetwork: true });
  const settings: SamlSettings = {
    ...parseIdpMetadata(xml),
    metadataUrl,
    appInstanceId: app.id,
    orgUrl: org.url,
  };
  return { ...base, type: "saml", settings, secret: null };
}
