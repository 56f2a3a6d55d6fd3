import { changeSettings, recordEdit } from "../directory/connections.ts";
import { ConflictError } from "../errors.ts";
import type { Connection, ConnectionSettings } from "../model.ts";
import { connectionTypes } from "../sign-in-protocols.ts";
import { settingsVersion } from "../trust/connection-facts.ts";
import type { Command, CommandContext, CommandInput } from "./command.ts";
import { namedConnection, operator, readRoleMapping, roleMappingOptions } from "./connection-options.ts";
import { notComplete } from "./connection-protocol.ts";
import {
  connectionProtocols,
  protocolCommands,
  protocolOptions,
  refuseOtherProtocols,
  typeUsage,
} from "./connection-protocols.ts";

const { values, switches } = protocolOptions("change");
const protocolUsage = connectionTypes
  .map((type) => `${type}: ${connectionProtocols[type].change.usage}`)
  .join("  ");

/** The operator's commands for the settings of existing connections. */
export const connectionSettingsCommands: Command[] = [
  {
    name: "connection show",
    usage: `<slug> --key KEY ${typeUsage} [--json]`,
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
      `<slug> --key KEY ${typeUsage} [--jit on|off] [--universal-logout on|off] [--cross-app-access on|off] ` +
      `${roleMappingOptions.usage} [--no-role-claim]  ${protocolUsage} [--json]`,
    summary: "Change a connection's settings; settings that you do not name stay",
    positionals: ["slug"],
    values: [
      ...["key", "type", "jit", "universal-logout", "cross-app-access"],
      ...values,
      ...roleMappingOptions.values,
    ],
    lists: roleMappingOptions.lists,
    switches: ["no-role-claim", ...switches, "yes"],
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
  ...protocolCommands,
];

async function changedSettings(
  input: CommandInput,
  context: CommandContext,
  connection: Connection,
): Promise<ConnectionSettings> {
  const roleMapping = input.isSet("no-role-claim") ? null : readRoleMapping(input);
  const universalLogout = input.onOff("universal-logout");
  const crossAppAccess = input.onOff("cross-app-access");
  const common = {
    ...(roleMapping === undefined ? {} : { roleMapping }),
    ...(universalLogout === undefined ? {} : { universalLogout }),
    ...(crossAppAccess === undefined ? {} : { crossAppAccess }),
  };
  const { key, type, settings } = connection;
  refuseOtherProtocols(input, type);
  if (!settings) throw notComplete();
  return { ...(await connectionProtocols[type].changed(input, context, { key, settings })), ...common };
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
    ...connectionProtocols[type].shownDefaults,
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
