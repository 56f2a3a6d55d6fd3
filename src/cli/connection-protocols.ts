import { InvalidError } from "../errors.ts";
import type { ConnectionType } from "../model.ts";
import { connectionTypes } from "../sign-in-protocols.ts";
import type { CommandInput } from "./command.ts";
import { oidcProtocol } from "./connection-oidc.ts";
import type { ConnectionProtocol } from "./connection-protocol.ts";
import { samlProtocol } from "./connection-saml.ts"; // SAML

/** The command line's part of each sign-in protocol. */
export const connectionProtocols: Readonly<Record<ConnectionType, ConnectionProtocol>> = {
  oidc: oidcProtocol,
  saml: samlProtocol, // SAML
};

const everyProtocol = Object.values(connectionProtocols);

/** The options of a command for the connections of single protocols. */
export function protocolOptions(command: "creation" | "change") {
  const options = everyProtocol.map((protocol) => protocol[command]);
  return {
    values: options.flatMap(({ values }) => values),
    switches: options.flatMap(({ switches }) => switches),
  };
}

/** The commands for the connections of one protocol only. */
export const protocolCommands = everyProtocol.flatMap(({ commands }) => commands);

/** For the help. */
export const typeUsage = `--type ${connectionTypes.join("|")}`;

/** Throws InvalidError for an option of another protocol, which would have no effect. */
export function refuseOtherProtocols(input: CommandInput, type: ConnectionType): void {
  const others: ConnectionType[] = connectionTypes.filter((one) => one !== type);
  for (const other of others) {
    const { creation, change } = connectionProtocols[other];
    const options = [creation, change].flatMap(({ values, switches }) => [...values, ...switches]);
    const foreign = options.find((name) => input.isSet(name) || input.value(name) !== undefined);
    if (foreign) throw new InvalidError(`--${foreign} is for ${other.toUpperCase()} connections.`);
  }
}
