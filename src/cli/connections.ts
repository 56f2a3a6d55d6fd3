import { readFile } from "node:fs/promises";
import {
  createConnection,
  disableConnection,
  enableConnection,
  type WantedConnection,
} from "../directory/connections.ts";
import { approveOwner, watchingOwners } from "../directory/owners.ts";
import { tenantBySlug } from "../directory/tenants.ts";
import { oidcUrls, samlUrls } from "../endpoints.ts";
import { InvalidError, NotFoundError } from "../errors.ts";
import type { Connection, OidcSettings, SamlSettings, Tenant } from "../model.ts";
import { checkIssuer } from "../oidc/issuer.ts";
import { readProvider } from "../oidc/provider-facts.ts";
import { parseIdpMetadata } from "../saml/idp-metadata.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { guardedFetch } from "../trust/guarded-fetch.ts";
import type { Command, CommandContext, CommandInput, CommandResult } from "./command.ts";
import {
  aliasOf,
  connectionOf,
  limitsOf,
  mappingOf,
  mappingOptions,
  readSecret,
} from "./connection-options.ts";
import { connectionSettingsCommands } from "./connection-settings.ts";

/** What the operator does to connections. A customer's own admin does the same in the browser. */
export const connectionCommands: Command[] = [
  {
    name: "connection create",
    usage:
      "<slug> --type oidc --issuer URL --client-id ID --client-secret-stdin [--issuer-alias URL] " +
      "[--sign-out-of-provider] [--check] | --type saml --metadata FILE_OR_URL [--app-instance-id 0oa…] [--org-url URL]  " +
      `[--key KEY] [--jit] ${mappingOptions.usage} [--no-universal-logout] [--draft] [--json]`,
    summary: "Create a connection; with all its values it is active at once",
    positionals: ["slug"],
    values: [
      ...["type", "key", "issuer", "issuer-alias", "client-id", "metadata", "app-instance-id", "org-url"],
      ...mappingOptions.values,
    ],
    lists: mappingOptions.lists,
    switches: [
      ...["client-secret-stdin", "sign-out-of-provider", "check", "jit", "no-universal-logout", "draft"],
    ],
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
  {
    name: "connection approve-owner",
    usage: "<slug> --key KEY --type oidc|saml --email EMAIL [--json]",
    summary: "Let a connection become an owner's sign-in at their next one",
    positionals: ["slug"],
    values: ["key", "type", "email"],
    async run(input, { database }) {
      const { store, connection } = await connectionOf(database, input);
      const { key, type } = connection;
      const email = input.required("email");
      const owner = await store.users.byLoginName(email);
      if (!owner) throw new NotFoundError(`There is no account ${email}.`);
      await approveOwner(store, connection.id, owner.id);
      return {
        json: { key, type, owner: owner.loginName },
        text: `${owner.loginName} can sign in with the ${type} connection ${key} from now on.`,
      };
    },
  },
  ...connectionSettingsCommands,
];

async function createOidc(
  input: CommandInput,
  context: CommandContext,
  tenant: Tenant,
): Promise<CommandResult> {
  const issuer = checkIssuer(input.required("issuer"), context.config.insecureAllowPrivateNetwork);
  const clientId = input.required("client-id");
  const secret = await readSecret(input, context);
  if (input.isSet("check")) await readProvider(issuer, limitsOf(context));
  const alias = await aliasOf(input, context, issuer);
  const settings: OidcSettings = {
    issuer,
    ...(alias ? { issuerAlias: alias } : {}),
    clientId,
    ...(input.isSet("sign-out-of-provider") ? { signOutOfProvider: true } : {}),
    ...commonSettings(input),
  };
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
  const limits = limitsOf(context);
  const xml = isUrl ? await guardedFetch(source, limits) : await readMetadataFile(source);
  const orgUrl = input.value("org-url");
  const settings: SamlSettings = {
    ...parseIdpMetadata(xml),
    metadataUrl: isUrl ? source : null,
    ...(isUrl ? { metadataRead: { at: Date.now(), problem: null } } : {}),
    appInstanceId: input.value("app-instance-id") ?? null,
    orgUrl: orgUrl === undefined ? null : checkIssuer(orgUrl, limits.allowPrivateNetwork),
    ...commonSettings(input),
  };
  const connection = await create(input, context, tenant, { type: "saml", settings, secret: null });
  return described(connection, samlUrls(context.config.baseUrl, connection.key));
}

/** What both protocols can be told when a connection is created. */
function commonSettings(input: CommandInput): Pick<OidcSettings, "roleMapping" | "universalLogout"> {
  const roleMapping = mappingOf(input);
  return {
    ...(roleMapping ? { roleMapping } : {}),
    ...(input.isSet("no-universal-logout") ? { universalLogout: false } : {}),
  };
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
      const { store, connection } = await connectionOf(database, input);
      const { key, type } = connection;
      const { result, lastOwnerLost } = await store.transaction((inside) =>
        watchingOwners(inside, () => change(inside, connection.id)),
      );
      const { status } = result;
      const lost = lastOwnerLost
        ? ` No owner can sign in any more: let one in again with "owner invite ${input.positional("slug")}".`
        : "";
      return {
        json: status === "disabled" ? { key, type, status, lastOwnerLost } : { key, type, status },
        text: `The ${type} connection ${key} is ${status}.${lost}`,
      };
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
