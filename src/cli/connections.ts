import { readFile } from "node:fs/promises";
import {
  createConnection,
  disableConnection,
  enableConnection,
  type WantedConnection,
} from "../directory/connections.ts";
import { tenantBySlug } from "../directory/tenants.ts";
import { oidcUrls, samlUrls } from "../endpoints.ts";
import { InvalidError, NotFoundError } from "../errors.ts";
import type { Connection, OidcSettings, SamlSettings, Tenant } from "../model.ts";
import { checkIssuer } from "../oidc/issuer.ts";
import { parseIdpMetadata } from "../saml/idp-metadata.ts";
import { sealer } from "../store/secrets.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { guardedFetch } from "../trust/guarded-fetch.ts";
import type { Command, CommandContext, CommandInput, CommandResult } from "./command.ts";

/** What the operator does to connections. A customer's own admin does the same in the browser. */
export const connectionCommands: Command[] = [
  {
    name: "connection create",
    usage:
      "<slug> --type oidc --issuer URL --client-id ID --client-secret-stdin | " +
      "--type saml --metadata FILE_OR_URL [--app-instance-id 0oa…] [--org-url URL]  [--key KEY] [--jit] [--draft] [--json]",
    summary: "Create a connection; with all its values it is active at once",
    positionals: ["slug"],
    values: ["type", "key", "issuer", "client-id", "metadata", "app-instance-id", "org-url"],
    switches: ["client-secret-stdin", "jit", "draft"],
    async run(input, context) {
      const tenant = await tenantBySlug(context.database, input.positional("slug"));
      const type = input.required("type");
      if (type === "oidc") return await createOidc(input, context, tenant);
      if (type === "saml") return await createSaml(input, context, tenant);
      throw new InvalidError(`--type must be oidc or saml, not "${type}".`);
    },
  },
  {
    name: "connection list",
    usage: "<slug> [--json]",
    summary: "List a tenant's connections",
    positionals: ["slug"],
    async run(input, { database }) {
      const tenant = await tenantBySlug(database, input.positional("slug"));
      const connections = await forTenant(database, tenant.id).connections.list();
      const json = connections.map(({ key, type, status, justInTime }) => ({
        key,
        type,
        status,
        jit: justInTime,
      }));
      const lines = json.map(({ key, type, status }) => `${key}\t${type}\t${status}`);
      return { json, text: lines.join("\n") || "This tenant has no connection yet." };
    },
  },
  statusCommand("connection enable", "Let a connection sign people in", enableConnection),
  statusCommand(
    "connection disable",
    "Stop a connection and sign out who came through it",
    disableConnection,
  ),
];

async function createOidc(
  input: CommandInput,
  context: CommandContext,
  tenant: Tenant,
): Promise<CommandResult> {
  const settings: OidcSettings = {
    issuer: checkIssuer(input.required("issuer"), context.config.insecureAllowPrivateNetwork),
    clientId: input.required("client-id"),
  };
  if (!input.isSet("client-secret-stdin")) {
    throw new InvalidError("Give the client secret on standard input, with --client-secret-stdin.");
  }
  const { dataKey } = context.config;
  if (!dataKey)
    throw new InvalidError("DATA_KEY is missing: the client secret cannot be encrypted without it.");
  const secret = { text: await context.readStdin(), sealer: sealer(dataKey) };
  if (secret.text === "") throw new InvalidError("The client secret on standard input is empty.");
  const connection = await create(input, context, tenant, { type: "oidc", settings, secret });
  return described(connection, oidcUrls(context.config.baseUrl, connection.key));
}

async function createSaml(
  input: CommandInput,
  context: CommandContext,
  tenant: Tenant,
): Promise<CommandResult> {
  const source = input.required("metadata");
  const isUrl = /^https?:\/\//.test(source);
  const allowPrivateNetwork = context.config.insecureAllowPrivateNetwork;
  const xml = isUrl ? await guardedFetch(source, { allowPrivateNetwork }) : await readMetadataFile(source);
  const orgUrl = input.value("org-url");
  const settings: SamlSettings = {
    ...parseIdpMetadata(xml),
    metadataUrl: isUrl ? source : null,
    ...(isUrl ? { metadataRead: { at: Date.now(), problem: null } } : {}),
    appInstanceId: input.value("app-instance-id") ?? null,
    orgUrl: orgUrl === undefined ? null : checkIssuer(orgUrl, allowPrivateNetwork),
  };
  const connection = await create(input, context, tenant, { type: "saml", settings, secret: null });
  return described(connection, samlUrls(context.config.baseUrl, connection.key));
}

type Protocol = Pick<WantedConnection, "type" | "settings" | "secret">;

async function create(
  input: CommandInput,
  { database }: CommandContext,
  tenant: Tenant,
  protocol: Protocol,
): Promise<Connection> {
  return await createConnection(database, tenant.id, {
    ...protocol,
    key: input.value("key") ?? tenant.slug,
    justInTime: input.isSet("jit"),
    draft: input.isSet("draft"),
  });
}

function described({ key, type, status }: Connection, urls: Record<string, string>): CommandResult {
  const lines = Object.entries(urls).map(([name, url]) => `  ${name}: ${url}`);
  return {
    json: { key, type, ...urls },
    text: [`Created the ${type} connection ${key} (${status}).`, ...lines].join("\n"),
  };
}

function statusCommand(
  name: string,
  summary: string,
  change: (store: TenantStore, connectionId: string) => Promise<Connection>,
): Command {
  return {
    name,
    usage: "<slug> --key KEY --type oidc|saml [--json]",
    summary,
    positionals: ["slug"],
    values: ["key", "type"],
    async run(input, { database }) {
      const tenant = await tenantBySlug(database, input.positional("slug"));
      const store = forTenant(database, tenant.id);
      const [key, type] = [input.required("key"), input.required("type")];
      const found = (await store.connections.list()).find((one) => one.key === key && one.type === type);
      if (!found) throw new NotFoundError(`${tenant.slug} has no ${type} connection "${key}".`);
      const { status } = await change(store, found.id);
      return { json: { key, type, status }, text: `The ${type} connection ${key} is ${status}.` };
    },
  };
}

async function readMetadataFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch {
    throw new InvalidError(`The file ${file} cannot be read.`);
  }
}
