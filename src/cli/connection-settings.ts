import { changeSettings, recordEdit, rotateSecret } from "../directory/connections.ts";
import { ConflictError, InvalidError } from "../errors.ts";
import type { Connection, OidcSettings, SamlSettings } from "../model.ts";
import { checkAcrValues, checkIssuer, checkMaxAge } from "../oidc/issuer.ts";
import { readProvider } from "../oidc/provider-facts.ts";
import { aliasNeedsOrgUrl } from "../saml/app-instance.ts";
import { forgetKeys } from "../saml/keys.ts";
import { settingsVersion } from "../trust/connection-facts.ts";
import type { Command, CommandContext, CommandInput } from "./command.ts";
import {
  fetchLimits,
  namedConnection,
  operator,
  readClientSecret,
  readIssuerAlias,
  readOrgUrl,
  readRoleMapping,
  refuseOtherProtocol,
  roleMappingOptions,
} from "./connection-options.ts";

/** The operator's commands for the settings of existing connections. */
export const connectionSettingsCommands: Command[] = [
  {
    name: "connection show",
    usage: "<slug> --key KEY --type oidc|saml [--json]",
    summary: "Show a connection's settings; secrets are never shown",
    positionals: ["slug"],
    values: ["key", "type"],
    async run(input, { database }) {
      return showConnection((await namedConnection(database, input)).connection);
    },
  },
  {
    name: "connection update",
    usage:
      "<slug> --key KEY --type oidc|saml [--jit on|off] [--universal-logout on|off] [--cross-app-access on|off] " +
      `${roleMappingOptions.usage} [--no-role-claim]  oidc: [--issuer URL --yes] [--client-id ID] ` +
      "[--issuer-alias URL | --no-issuer-alias] [--sign-out-of-provider on|off] [--max-age MINUTES|off] [--acr-values CLASSES|off] [--check]  " +
      "saml: [--org-url-alias URL | --no-org-url-alias] [--json]",
    summary: "Change a connection's settings; settings that you do not name stay",
    positionals: ["slug"],
    values: [
      ...["key", "type", "jit", "universal-logout", "cross-app-access"],
      ...["issuer", "client-id", "issuer-alias"],
      ...["sign-out-of-provider", "max-age", "acr-values", "org-url-alias", ...roleMappingOptions.values],
    ],
    lists: roleMappingOptions.lists,
    switches: ["no-role-claim", "no-issuer-alias", "no-org-url-alias", "check", "yes"],
    async run(input, context) {
      const { store, connection } = await namedConnection(context.database, input);
      const settings = await changedSettings(input, context, connection);
      const justInTime = input.onOff("jit");
      return await store.transaction(async (inside) => {
        // Asking the provider took a while. Do not overwrite a change that was made in the meantime.
        const now = await inside.connections.lock(connection.id);
        if (now && settingsVersion(now) !== settingsVersion(connection))
          throw new ConflictError(
            "stale",
            "The settings were changed in the meantime. Nothing was done; run the command again.",
          );
        await changeSettings(inside, connection.id, settings);
        if (justInTime !== undefined) await inside.connections.update(connection.id, { justInTime });
        return showConnection(await recordEdit(inside, connection.id, operator));
      });
    },
  },
  {
    name: "connection rotate-secret",
    usage: "<slug> --key KEY --client-secret-stdin [--json]",
    summary: "Give an OIDC connection a new client secret; the old one stays in use until the new one works",
    positionals: ["slug"],
    values: ["key"],
    switches: ["client-secret-stdin"],
    async run(input, context) {
      const { store, connection } = await namedConnection(context.database, input, "oidc");
      const secret = await readClientSecret(input, context);
      await store.transaction(async (inside) => {
        await rotateSecret(inside, secret.sealer, connection.id, secret.text);
        await recordEdit(inside, connection.id, operator);
      });
      const { key } = connection;
      const text = `${key} has a new secret. The old one stays in use until the new one works, and is deleted then.`;
      return { json: { key, type: "oidc", rotated: true }, text };
    },
  },
  {
    name: "connection reset-keys",
    usage: "<slug> --key KEY --yes [--json]",
    summary:
      "Replace our own key pair of a SAML connection, for example after the loss of the DATA_KEY that encrypts it",
    positionals: ["slug"],
    values: ["key"],
    switches: ["yes"],
    async run(input, { database }) {
      const { store, connection } = await namedConnection(database, input, "saml");
      const { key } = connection;
      if (!input.isSet("yes")) {
        throw new InvalidError(
          `If Okta encrypts assertions for ${key} or verifies our signature, sign-ins fail until it has our new ` +
            "certificate. Add --yes to confirm.",
        );
      }
      await forgetKeys(store, connection);
      const text = `${key} gets a new key pair. Its certificate is in the SP metadata and on the connection's page.`;
      return { json: { key, type: "saml", reset: true }, text };
    },
  },
  {
    name: "connection check",
    usage: "<slug> --key KEY [--json]",
    summary: "Read an OIDC connection's discovery document and keys, and check whether a sign-in can work",
    positionals: ["slug"],
    values: ["key"],
    async run(input, context) {
      const { connection } = await namedConnection(context.database, input, "oidc");
      const { issuer } = oidcSettingsOf(connection);
      const json = await readProvider(issuer, fetchLimits(context));
      const lines = Object.entries(json).map(([name, value]) => `  ${name}: ${[value ?? "none"].join(", ")}`);
      return { json, text: [`${issuer} answers correctly.`, ...lines].join("\n") };
    },
  },
];

async function changedSettings(
  input: CommandInput,
  context: CommandContext,
  connection: Connection,
): Promise<OidcSettings | SamlSettings> {
  const roleMapping = input.isSet("no-role-claim") ? null : readRoleMapping(input);
  const universalLogout = input.onOff("universal-logout");
  const crossAppAccess = input.onOff("cross-app-access");
  const common = {
    ...(roleMapping === undefined ? {} : { roleMapping }),
    ...(universalLogout === undefined ? {} : { universalLogout }),
    ...(crossAppAccess === undefined ? {} : { crossAppAccess }),
  };
  refuseOtherProtocol(input, connection.type);
  if (connection.type === "oidc")
    return { ...(await changedOidcSettings(input, context, connection)), ...common };
  if (!connection.settings) throw notComplete();
  const alias = readOrgUrl(input, fetchLimits(context), "org-url-alias");
  if (alias !== undefined && connection.settings.orgUrl === null) throw new InvalidError(aliasNeedsOrgUrl);
  return {
    ...connection.settings,
    ...(input.isSet("no-org-url-alias") ? { orgUrlAlias: null } : {}),
    ...(alias === undefined ? {} : { orgUrlAlias: alias }),
    ...common,
  };
}

async function changedOidcSettings(
  input: CommandInput,
  context: CommandContext,
  connection: Connection & { type: "oidc" },
): Promise<OidcSettings> {
  const before = oidcSettingsOf(connection);
  const given = input.value("issuer");
  const issuer =
    given === undefined ? before.issuer : checkIssuer(given, context.config.insecureAllowPrivateNetwork);
  const isOther = issuer !== before.issuer;
  if (isOther && !input.isSet("yes")) {
    throw new InvalidError(
      `${issuer} is another provider: all people who signed in through ${connection.key} are signed out, and their ` +
        "accounts must be linked anew. Add --yes to confirm.",
    );
  }
  if (input.isSet("check")) await readProvider(issuer, fetchLimits(context));
  const alias = await readIssuerAlias(input, context, issuer);
  const signOutOfProvider = input.onOff("sign-out-of-provider");
  const maxAge = input.value("max-age");
  const acrValues = input.value("acr-values");
  return {
    ...before,
    issuer,
    clientId: input.value("client-id") ?? before.clientId,
    // An alias was checked against the former issuer only.
    ...(isOther || input.isSet("no-issuer-alias") ? { issuerAlias: null } : {}),
    ...(alias === undefined ? {} : { issuerAlias: alias }),
    ...(signOutOfProvider === undefined ? {} : { signOutOfProvider }),
    ...(maxAge === undefined ? {} : { maxAgeMinutes: maxAge === "off" ? null : checkMaxAge(maxAge) }),
    ...(acrValues === undefined ? {} : { acrValues: acrValues === "off" ? null : checkAcrValues(acrValues) }),
  };
}

function oidcSettingsOf({ type, settings }: Connection): OidcSettings {
  if (type !== "oidc" || !settings) throw notComplete();
  return settings;
}

function notComplete(): InvalidError {
  return new InvalidError("The connection's settings are not complete yet.");
}

function showConnection(connection: Connection) {
  const { key, type, status, justInTime, settings, edited, guestEdit } = connection;
  const { roleMapping, universalLogout, crossAppAccess, ...own } = settings ?? {};
  const json = {
    key,
    type,
    status,
    jit: justInTime,
    universalLogout: universalLogout ?? true,
    crossAppAccess: crossAppAccess ?? true,
    roleClaim: roleMapping?.name ?? null,
    adminValues: roleMapping?.adminValues ?? [],
    ...(type === "oidc" ? { issuerAlias: null, signOutOfProvider: false } : {}),
    ...own,
    edited,
    guestEdit,
    version: settingsVersion(connection),
  };
  const lines = Object.entries(json).map(([name, value]) => `  ${name}: ${textOf(value)}`);
  return { json, text: [`The ${type} connection ${key}:`, ...lines].join("\n") };
}

function textOf(value: unknown): string {
  if (value === null || (Array.isArray(value) && value.length === 0)) return "none";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
