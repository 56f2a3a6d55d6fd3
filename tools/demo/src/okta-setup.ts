/**
 * `npm run okta:setup -- --org URL --token-stdin`: creates an OIDC app and a SAML app in an Okta org through its management
 * API, and stores the connections; `--remove` deletes both. It has been run against the stand-in org only.
 */
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { loadToolConfig } from "../../../src/config.ts";
import { demoTenants } from "../../../src/demo/tenants.ts";
import { removeConnection } from "../../../src/directory/connections.ts";
import { tenantBySlug } from "../../../src/directory/tenants.ts";
import { ConfigError, InvalidError, NotFoundError } from "../../../src/errors.ts";
import type { Connection, ConnectionType } from "../../../src/model.ts";
import { checkIssuer } from "../../../src/oidc/issuer.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { migrationState } from "../../../src/store/migrate.ts";
import { forTenant } from "../../../src/store/tenant-store.ts";
import { OktaApps, OktaError } from "./okta-apps.ts";
import { connectOidc, connectSaml, type OwnOrgDeps } from "./own-org.ts";

const usage = `npm run okta:setup -- --org URL --token-stdin [options]
  --org URL             the Okta org, like https://integrator-1234567.okta.com
  --token-stdin         reads an API token of the org from standard input
  --oidc-tenant SLUG    the tenant that signs in through the OIDC app (${slugOf("oidc")})
  --saml-tenant SLUG    the tenant that signs in through the SAML app (${slugOf("saml")})
  --remove              removes both apps and both connections

It uses the demo's database unless another one is configured. The API token must belong to an administrator who may
manage applications. It has not been run against a live Okta org yet, only against the demo's stand-in.
npm run demo -- --okta leads through the same steps by hand.`;

interface SetupOptions {
  org: string;
  tenants: Record<ConnectionType, string>;
  remove: boolean;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const isExpected = [InvalidError, NotFoundError, ConfigError, OktaError].some(
    (kind) => error instanceof kind,
  );
  if (!isExpected) throw error;
  console.error((error as Error).message);
  process.exitCode = 1;
}

async function main(words: string[]): Promise<void> {
  if (words.length === 0 || words.includes("--help")) return console.log(usage);
  const options = readOptions(words);
  const config = loadToolConfig();
  const { dataKey } = config;
  if (!dataKey)
    throw new InvalidError("DATA_KEY is missing: the client secret cannot be encrypted without it.");
  const allowPrivateNetwork = config.insecureAllowPrivateNetwork;
  const orgUrl = checkIssuer(options.org, allowPrivateNetwork);
  const token = (await text(process.stdin)).trim();
  if (token === "") throw new InvalidError("Give the API token on standard input.");
  const database = openDatabase(config.databaseUrl);
  try {
    if ((await migrationState(database)).pending.length > 0)
      throw new InvalidError(
        "The database is not set up. Run npm run demo -- --okta first, or npm run migrate.",
      );
    const deps = { database, dataKey, allowPrivateNetwork };
    const setup = { deps, orgUrl, apps: new OktaApps(orgUrl, token), baseUrl: config.baseUrl };
    if (options.remove) await removeBoth(setup, options);
    else await createBoth(setup, options);
  } finally {
    await database.close();
  }
}

/** Throws InvalidError. */
function readOptions(words: string[]): SetupOptions {
  try {
    const { values } = parseArgs({
      args: words,
      options: {
        org: { type: "string" },
        "token-stdin": { type: "boolean" },
        remove: { type: "boolean" },
        "oidc-tenant": { type: "string" },
        "saml-tenant": { type: "string" },
      },
    });
    if (values.org && values["token-stdin"]) {
      const tenants = {
        oidc: values["oidc-tenant"] ?? slugOf("oidc"),
        saml: values["saml-tenant"] ?? slugOf("saml"),
      };
      return { org: values.org, tenants, remove: values.remove ?? false };
    }
  } catch {
    // For an unknown option, the usage lists the known ones.
  }
  throw new InvalidError(usage);
}

function slugOf(protocol: ConnectionType): string {
  return demoTenants.find((tenant) => tenant.protocol === protocol)?.slug ?? "";
}

interface OrgSetup {
  deps: OwnOrgDeps;
  orgUrl: string;
  apps: OktaApps;
  baseUrl: string;
}

/** Creates both apps or neither: if a step fails, removes everything that was created before. */
async function createBoth(setup: OrgSetup, { tenants }: SetupOptions): Promise<void> {
  const { deps, orgUrl, apps, baseUrl } = setup;
  for (const type of ["oidc", "saml"] as const) {
    if ((await findConnection(setup, tenants[type], type))?.settings)
      throw new InvalidError(`${tenants[type]} has a working ${type.toUpperCase()} connection already.`);
  }
  const created: string[] = [];
  try {
    const oidcTenant = await tenantBySlug(deps.database, tenants.oidc);
    const oidc = await apps.createOidc(oidcTenant.name, baseUrl, tenants.oidc);
    created.push(oidc.id);
    await connectOidc(deps, tenants.oidc, { orgUrl, clientId: oidc.id, clientSecret: oidc.clientSecret });
    const samlTenant = await tenantBySlug(deps.database, tenants.saml);
    const saml = await apps.createSaml(samlTenant.name, baseUrl, tenants.saml);
    created.push(saml.id);
    await connectSaml(deps, tenants.saml, { orgUrl, metadataUrl: saml.metadataUrl, appInstanceId: saml.id });
  } catch (error) {
    for (const id of created) await apps.remove(id);
    for (const type of ["oidc", "saml"] as const) await removeStored(setup, tenants[type], type);
    throw error;
  }
  console.log(`Created in ${orgUrl}, and connected:`);
  console.log(`  ${tenants.oidc} by OIDC: assign yourself to the app, then open its tile or`);
  console.log(`    ${baseUrl}/oidc/${tenants.oidc}/login`);
  console.log(`  ${tenants.saml} by SAML: the same, or ${baseUrl}/saml/${tenants.saml}/login`);
}

async function removeBoth(setup: OrgSetup, { tenants }: SetupOptions): Promise<void> {
  for (const type of ["oidc", "saml"] as const) {
    const appId = appIdOf(await findConnection(setup, tenants[type], type), setup.orgUrl);
    if (appId === null) {
      console.log(`${tenants[type]} has no ${type.toUpperCase()} connection to ${setup.orgUrl}.`);
      continue;
    }
    await setup.apps.remove(appId);
    await removeStored(setup, tenants[type], type);
    console.log(`Removed the ${type.toUpperCase()} app ${appId} and the connection of ${tenants[type]}.`);
  }
}

async function findConnection(
  { deps }: OrgSetup,
  slug: string,
  type: ConnectionType,
): Promise<Connection | undefined> {
  const store = forTenant(deps.database, (await tenantBySlug(deps.database, slug)).id);
  return (await store.connections.list()).find((one) => one.key === slug && one.type === type);
}

/** The app's id; null if the connection does not belong to this org. */
function appIdOf(connection: Connection | undefined, orgUrl: string): string | null {
  const settings = connection?.settings;
  if (!settings) return null;
  if ("issuer" in settings) return settings.issuer === orgUrl ? settings.clientId : null;
  return settings.orgUrl === orgUrl ? settings.appInstanceId : null;
}

async function removeStored(setup: OrgSetup, slug: string, type: ConnectionType): Promise<void> {
  const connection = await findConnection(setup, slug, type);
  const tenant = await tenantBySlug(setup.deps.database, slug);
  if (connection) await removeConnection(forTenant(setup.deps.database, tenant.id), connection.id);
}
