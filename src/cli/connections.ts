import { readFile } from "node:fs/promises";
import {
  type ConnectionInput,
  createConnection,
  disableConnection,
  enableConnection,
  recordEdit,
} from "../directory/connections.ts";
import { approveOwner, detectLastOwnerLoss } from "../directory/owners.ts";
import { tenantBySlug } from "../directory/tenants.ts";
import { oidcUrls, samlUrls } from "../endpoints.ts";
import { ConflictError, InvalidError, NotFoundError } from "../errors.ts";
import type { Connection, OidcSettings, SamlSettings, Tenant } from "../model.ts";
import { checkIssuer } from "../oidc/issuer.ts";
import { readProvider } from "../oidc/provider-facts.ts";
import { parseIdpMetadata } from "../saml/idp-metadata.ts";
import { forTenant } from "../store/tenant-store.ts";
import { settingsVersion } from "../trust/connection-facts.ts";
import { guardedFetch } from "../trust/guarded-fetch.ts";
import type { Command, CommandContext, CommandInput, CommandResult } from "./command.ts";
import {
  aliasOf,
  connectionOf,
  limitsOf,
  mappingOf,
  mappingOptions,
  operator,
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
  {
    name: "connection enable",
    usage: "<slug> --key KEY --type oidc|saml [--version VERSION] [--json]",
    summary:
      "Let a connection sign people in, with exactly the settings that connection show printed as VERSION",
    positionals: ["slug"],
    values: ["key", "type", "version"],
    async run(input, { database }) {
      const { store, connection } = await connectionOf(database, input);
      return await store.transaction(async (inside) => {
        const now = await inside.connections.lock(connection.id);
        if (now) checkVersion(now, input.value("version"));
        return statusResult(await enableConnection(inside, connection.id));
      });
    },
  },
  {
    name: "connection disable",
    usage: "<slug> --key KEY --type oidc|saml [--json]",
    summary: "Stop a connection and sign out who came through it",
    positionals: ["slug"],
    values: ["key", "type"],
    async run(input, { database }) {
      const { store, connection } = await connectionOf(database, input);
      const { result, lastOwnerLost } = await store.transaction((inside) =>
        detectLastOwnerLoss(inside, () => disableConnection(inside, connection.id)),
      );
      const { json, text } = statusResult(result);
      const lost = ` No owner can sign in any more: let one in with "owner invite ${input.positional("slug")}".`;
      return { json: { ...json, lastOwnerLost }, text: lastOwnerLost ? text + lost : text };
    },
  },
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

type Protocol = Pick<ConnectionInput, "type" | "settings" | "secret">;

async function create(
  input: CommandInput,
  { database }: CommandContext,
  tenant: Tenant,
  protocol: Protocol,
): Promise<Connection> {
  const connection = await createConnection(database, tenant.id, {
    ...protocol,
    key: input.value("key") ?? tenant.slug,
    justInTime: input.isSet("jit"),
    draft: input.isSet("draft"),
  });
  await recordEdit(forTenant(database, tenant.id), connection.id, operator);
  return connection;
}

function described({ key, type, status }: Connection, urls: Record<string, string>): CommandResult {
  const lines = Object.entries(urls).map(([name, url]) => `  ${name}: ${url}`);
  return {
    json: { key, type, ...urls },
    text: [`Created the ${type} connection ${key} (${status}).`, ...lines].join("\n"),
  };
}

/**
 * Throws ConflictError `stale` when the settings are others than those of `version`, and InvalidError when a guest changed
 * them and no version says that somebody has read them since.
 */
function checkVersion(connection: Connection, version: string | undefined): void {
  if (version === undefined && connection.guestEdit === null) return;
  if (version === undefined)
    throw new InvalidError(
      "The guest of a set-up link changed this draft. Read it with connection show, and give the version that it prints " +
        "with --version.",
    );
  if (version !== settingsVersion(connection))
    throw new ConflictError(
      "stale",
      "The settings were changed since. Read them with connection show again.",
    );
}

function statusResult({ key, type, status }: Connection) {
  return { json: { key, type, status }, text: `The ${type} connection ${key} is ${status}.` };
}

async function readMetadataFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch {
    throw new InvalidError(`The file ${file} cannot be read.`);
  }
}
