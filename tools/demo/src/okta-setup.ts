/**
 * `npm run okta:setup -- --org URL --token-stdin`: creates an app for each sign-in protocol in an Okta org through its
 * management API, and stores the connections; `--remove` deletes them. It has been run against the stand-in org only.
 */
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { loadToolConfig } from "../../../src/config.ts";
import { demoTenants } from "../../../src/demo/tenants.ts";
import { removeConnection } from "../../../src/directory/connections.ts";
import { tenantBySlug } from "../../../src/directory/tenants.ts";
import { paths } from "../../../src/endpoints.ts";
import { ConfigError, InvalidError, NotFoundError } from "../../../src/errors.ts";
import type { Connection, ConnectionType } from "../../../src/model.ts";
import { checkIssuer } from "../../../src/oidc/issuer.ts";
import { connectionTypes, providerIn } from "../../../src/sign-in-protocols.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { migrationState } from "../../../src/store/migrate.ts";
import { forTenant } from "../../../src/store/tenant-store.ts";
import { OktaApps, OktaError } from "./okta-apps.ts";
import {
  connectOidc,
  connectSaml, // SAML
  type OwnOrgDeps,
} from "./own-org.ts";

const usage = `npm run okta:setup -- --org URL --token-stdin [options]
  --org URL             the Okta org, like https://integrator-1234567.okta.com
  --token-stdin         reads an API token of the org from standard input
${connectionTypes.map(usageOf).join("\n")}
  --remove              removes the apps and the connections

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
    if (options.remove) await removeAll(setup, options);
    else await createAll(setup, options);
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
        ...Object.fromEntries(connectionTypes.map((type) => [`${type}-tenant`, { type: "string" as const }])),
      },
    });
    if (values.org && values["token-stdin"]) {
      const named = Object.entries(values);
      const tenants = Object.fromEntries(
        connectionTypes.map((type) => [
          type,
          String(named.find(([option]) => option === `${type}-tenant`)?.[1] ?? slugOf(type)),
        ]),
      ) as SetupOptions["tenants"];
      return { org: values.org, tenants, remove: values.remove ?? false };
    }
  } catch {
    // For an unknown option, the usage lists the known ones.
  }
  throw new InvalidError(usage);
}

function usageOf(type: ConnectionType): string {
  return `  --${type}-tenant SLUG    the tenant that signs in through the ${type.toUpperCase()} app (${slugOf(type)})`;
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

/** An app that was created in the org, and the step that connects the tenant to it. */
interface CreatedApp {
  id: string;
  connect(): Promise<unknown>;
}

/** A function, because main() runs before the end of this file does. */
function creators(): Readonly<
  Record<ConnectionType, (setup: OrgSetup, slug: string, customer: string) => Promise<CreatedApp>>
> {
  return {
    async oidc({ deps, orgUrl, apps, baseUrl }, slug, customer) {
      const { id, clientSecret } = await apps.createOidc(customer, baseUrl, slug);
      return { id, connect: () => connectOidc(deps, slug, { orgUrl, clientId: id, clientSecret }) };
    },
    // SAML {
    async saml({ deps, orgUrl, apps, baseUrl }, slug, customer) {
      const { id, metadataUrl } = await apps.createSaml(customer, baseUrl, slug);
      return { id, connect: () => connectSaml(deps, slug, { orgUrl, metadataUrl, appInstanceId: id }) };
    },
    // SAML }
  };
}

/** Creates all apps or none: if a step fails, removes everything that was created before. */
async function createAll(setup: OrgSetup, { tenants }: SetupOptions): Promise<void> {
  const { deps, orgUrl, apps, baseUrl } = setup;
  for (const type of connectionTypes) {
    if ((await findConnection(setup, tenants[type], type))?.settings)
      throw new InvalidError(`${tenants[type]} has a working ${type.toUpperCase()} connection already.`);
  }
  const created: string[] = [];
  try {
    for (const type of connectionTypes) {
      const { name } = await tenantBySlug(deps.database, tenants[type]);
      const app = await creators()[type](setup, tenants[type], name);
      created.push(app.id);
      await app.connect();
    }
  } catch (error) {
    for (const id of created) await apps.remove(id);
    for (const type of connectionTypes) await removeStored(setup, tenants[type], type);
    throw error;
  }
  console.log(`Created in ${orgUrl}, and connected. Assign yourself to an app, then open its tile, or`);
  for (const type of connectionTypes)
    console.log(`  ${tenants[type]} by ${type.toUpperCase()}: ${baseUrl}${paths[type](tenants[type]).login}`);
}

async function removeAll(setup: OrgSetup, { tenants }: SetupOptions): Promise<void> {
  for (const type of connectionTypes) {
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
  if (!connection?.settings) return null;
  const { org, appId } = providerIn(connection.settings);
  return org === orgUrl ? appId : null;
}

async function removeStored(setup: OrgSetup, slug: string, type: ConnectionType): Promise<void> {
  const connection = await findConnection(setup, slug, type);
  const tenant = await tenantBySlug(setup.deps.database, slug);
  if (connection) await removeConnection(forTenant(setup.deps.database, tenant.id), connection.id);
}
