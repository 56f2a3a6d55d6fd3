import type { OrgApp } from "okta-stand-in/state";
import { apiScopes } from "../../config/integration.ts";
import type { Config } from "../config.ts";
import { createAgent } from "../directory/agents.ts";
import { type ConnectionInput, createConnection } from "../directory/connections.ts";
import { createLocalUser } from "../directory/local-accounts.ts";
import { passwordHasher } from "../directory/password-hash.ts";
import { createToken } from "../directory/provisioning-tokens.ts";
import { addDomain, createTenant } from "../directory/tenants.ts";
import type { Database } from "../store/database.ts";
import { sealer } from "../store/secrets.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { agentName, type DemoAgent } from "./agent.ts";
import type { DemoOrg } from "./org.ts";
import { buildOrgSeed } from "./org-seed.ts";
import { emptyDatabase } from "./reset.ts";
import { samlConnection } from "./saml.ts"; // SAML
import { seedTasks } from "./seed-tasks.ts"; // sample domain
import { type DemoTenant, demoTenants, loginOf, namesOf } from "./tenants.ts";

/** The demo switches the inspector on, to show it. */
const inspectorMs = 30 * 86_400_000;

export interface SeedDeps {
  database: Database;
  config: Config;
  /** Null with an Okta org of your own, where the connections are set up by hand. */
  org: DemoOrg | null;
  /** Null without the stand-in org. */
  agent: DemoAgent | null;
  /** Of the owners' accounts. */
  password: string;
}

/** The hash of the owners' password, cached, because hashing is slow by design and a reset should be fast. */
const passwordHashes = new Map<string, Promise<string>>();
function passwordHashOf(password: string): Promise<string> {
  const hash = passwordHashes.get(password) ?? passwordHasher().hash(password);
  passwordHashes.set(password, hash);
  return hash;
}

/** Whether the demo has data, in the database and in the org. */
export async function isSeeded({ database, org }: SeedDeps): Promise<boolean> {
  if ((await systemStore(database).tenants.list()).length === 0) return false;
  return org === null || Object.keys(org.content()?.apps ?? {}).length > 0;
}

/**
 * Resets the database and the org to their initial state. The application must already listen, because the org provisions
 * it by SCIM. A failed reset leaves the database empty, so that the next start seeds again.
 */
export async function resetDemo(deps: SeedDeps): Promise<void> {
  void passwordHashOf(deps.password);
  await emptyDatabase(deps.database);
  try {
    const stores = await seedTenants(deps);
    if (deps.org && deps.agent) await connect(deps, deps.org, deps.agent, stores);
    for (const [tenant, store] of stores) await seedTasks(store, tenant); // sample domain
  } catch (error) {
    await emptyDatabase(deps.database);
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

/**
 * Has the org provision each customer, connects the customers to their apps in the org, maps groups to roles, and registers
 * the agent on both sides.
 */
async function connect(deps: SeedDeps, org: DemoOrg, agent: DemoAgent, stores: Stores): Promise<void> {
  const { baseUrl } = deps.config;
  const client = await registerAgent(deps.database);
  const tokens = new Map<string, string>();
  for (const [{ slug }, store] of stores) tokens.set(slug, (await createToken(store)).token);
  const wantedAgent = { url: agent.url, clientId: client.clientId };
  const { seed, apps, agentApp } = await buildOrgSeed(baseUrl, tokens, wantedAgent, org.content());
  await org.fill(seed);
  agent.configure({ url: org.url, ...agentApp }, { baseUrl, ...client });
  for (const [tenant, store] of stores) {
    const app = apps.get(tenant.slug);
    if (!app) throw new Error(`The org has no app of ${tenant.name}.`);
    await createConnection(deps.database, store.tenantId, await connectionTo(deps, org.url, tenant, app));
    await mapGroups(tenant, store);
  }
}

/** Registers the agent with this deployment, as its operator would. */
async function registerAgent(database: Database): Promise<{ clientId: string; clientSecret: string }> {
  const scopes = apiScopes.map(({ name }) => name);
  const created = await createAgent(database, { tenantId: null, name: agentName, scopes, jwksUri: null });
  return { clientId: created.agent.clientId, clientSecret: created.secret ?? "" };
}

async function mapGroups({ groups }: DemoTenant, store: TenantStore): Promise<void> {
  for (const { name, role } of groups) {
    const group = await store.groups.byName(name);
    if (group && role) await store.roles.mapGroup(group.id, role);
  }
}

async function connectionTo(
  { config }: SeedDeps,
  orgUrl: string,
  { slug }: DemoTenant,
  { id, signOn }: OrgApp,
): Promise<ConnectionInput> {
  const base = { key: slug, justInTime: true, draft: false };
  if (signOn.kind === "saml") return { ...base, ...(await samlConnection(orgUrl, id, signOn)) }; // SAML
  if (signOn.kind !== "oidc") throw new Error(`The org's app ${id} does not sign in by OpenID Connect.`);
  const secret = { text: signOn.clientSecret, sealer: sealer(config.dataKey) };
  const settings = { issuer: orgUrl, clientId: id, signOutOfProvider: true };
  return { ...base, type: "oidc", settings, secret };
}
