import {
  type ConnectionInput,
  createConnection,
  disableConnectionUnguarded,
  enableConnection,
  recordEdit,
} from "../directory/connections.ts";
import { approveOwner, detectLastOwnerLoss } from "../directory/owners.ts";
import { tenantBySlug } from "../directory/tenants.ts";
import { ConflictError, InvalidError, NotFoundError } from "../errors.ts";
import type { Connection, ConnectionSettings, Tenant } from "../model.ts";
import { connectionTypes, isConnectionType, signInProtocols } from "../sign-in-protocols.ts";
import { forTenant } from "../store/tenant-store.ts";
import { settingsVersion } from "../trust/connection-facts.ts";
import type { Command, CommandContext, CommandInput, CommandResult } from "./command.ts";
import { namedConnection, operator, readRoleMapping, roleMappingOptions } from "./connection-options.ts";
import {
  connectionProtocols,
  protocolOptions,
  refuseOtherProtocols,
  typeUsage,
} from "./connection-protocols.ts";
import { connectionSettingsCommands } from "./connection-settings.ts";

const { values, switches } = protocolOptions("creation");
const protocolUsage = connectionTypes
  .map((type) => `--type ${type} ${connectionProtocols[type].creation.usage}`)
  .join(" | ");

/** The operator's commands for connections. A customer's admin can do the same in the browser. */
export const connectionCommands: Command[] = [
  {
    name: "connection create",
    usage:
      `<slug> ${protocolUsage}  [--key KEY] [--jit] ${roleMappingOptions.usage} [--no-universal-logout] ` +
      "[--no-cross-app-access] [--draft] [--json]",
    summary: "Create a connection; it is active at once unless it is a draft",
    positionals: ["slug"],
    values: ["type", "key", ...values, ...roleMappingOptions.values],
    lists: roleMappingOptions.lists,
    switches: [...switches, "jit", "draft", "no-universal-logout", "no-cross-app-access"],
    async run(input, context) {
      const tenant = await tenantBySlug(context.database, input.positional("slug"));
      const type = input.required("type");
      if (!isConnectionType(type))
        throw new InvalidError(`--type must be ${connectionTypes.join(" or ")}, not "${type}".`);
      refuseOtherProtocols(input, type);
      const { settings, secret, notes } = await connectionProtocols[type].create(input, context);
      const own = { type, settings: { ...settings, ...commonSettings(input) }, secret };
      const connection = await create(input, context, tenant, own);
      return creationResult(
        connection,
        signInProtocols[type].urls(context.config.baseUrl, connection.key),
        notes,
      );
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
    usage: `<slug> --key KEY ${typeUsage} [--version VERSION] [--json]`,
    summary:
      "Let a connection sign people in, with exactly the settings that connection show printed as VERSION",
    positionals: ["slug"],
    values: ["key", "type", "version"],
    async run(input, { database }) {
      const { store, connection } = await namedConnection(database, input);
      return await store.transaction(async (inside) => {
        const now = await inside.connections.lock(connection.id);
        if (now) checkVersion(now, input.value("version"));
        return statusResult(await enableConnection(inside, connection.id));
      });
    },
  },
  {
    name: "connection disable",
    usage: `<slug> --key KEY ${typeUsage} [--json]`,
    summary: "Disable a connection and sign out the people who signed in through it",
    positionals: ["slug"],
    values: ["key", "type"],
    async run(input, { database }) {
      const { store, connection } = await namedConnection(database, input);
      const { result, lastOwnerLost } = await store.transaction(async (inside) => {
        await inside.connections.lock(connection.id);
        return await detectLastOwnerLoss(inside, () => disableConnectionUnguarded(inside, connection.id));
      });
      const { json, text } = statusResult(result);
      const lost = ` No owner can sign in any more: let one in with "owner invite ${input.positional("slug")}".`;
      return { json: { ...json, lastOwnerLost }, text: lastOwnerLost ? text + lost : text };
    },
  },
  {
    name: "connection approve-owner",
    usage: `<slug> --key KEY ${typeUsage} --email EMAIL [--json]`,
    summary: "Allow an owner to sign in through a connection from their next sign-in on",
    positionals: ["slug"],
    values: ["key", "type", "email"],
    async run(input, { database }) {
      const { store, connection } = await namedConnection(database, input);
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

/** The settings that all protocols share. */
function commonSettings(
  input: CommandInput,
): Pick<ConnectionSettings, "roleMapping" | "universalLogout" | "crossAppAccess"> {
  const roleMapping = readRoleMapping(input);
  return {
    ...(roleMapping ? { roleMapping } : {}),
    ...(input.isSet("no-universal-logout") ? { universalLogout: false } : {}),
    ...(input.isSet("no-cross-app-access") ? { crossAppAccess: false } : {}),
  };
}

type ProtocolSettings = Pick<ConnectionInput, "type" | "settings" | "secret">;

async function create(
  input: CommandInput,
  { database }: CommandContext,
  tenant: Tenant,
  protocol: ProtocolSettings,
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

function creationResult(
  { key, type, status }: Connection,
  urls: Record<string, string>,
  notes: readonly string[] = [],
): CommandResult {
  const lines = Object.entries(urls).map(([name, url]) => `  ${name}: ${url}`);
  return {
    json: { key, type, ...urls, ...(notes.length > 0 ? { notes } : {}) },
    text: [`Created the ${type} connection ${key} (${status}).`, ...lines, ...notes].join("\n"),
  };
}

/**
 * Throws ConflictError `stale` if the settings are not those of `version`. Throws InvalidError if a guest changed them and
 * no version is given: the operator must have read them.
 */
function checkVersion(connection: Connection, version: string | undefined): void {
  if (version === undefined && connection.guestEdit === null) return;
  if (version === undefined)
    throw new InvalidError(
      "The guest of a set-up link changed this draft. Read it with connection show, and pass the version that it prints " +
        "as --version.",
    );
  if (version !== settingsVersion(connection))
    throw new ConflictError(
      "stale",
      "The settings were changed in the meantime. Read them with connection show again.",
    );
}

function statusResult({ key, type, status }: Connection) {
  return { json: { key, type, status }, text: `The ${type} connection ${key} is ${status}.` };
}
