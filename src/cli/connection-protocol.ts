import type { ConnectionInput } from "../directory/connections.ts";
import { InvalidError } from "../errors.ts";
import type { ConnectionSettings } from "../model.ts";
import type { Command, CommandContext, CommandInput } from "./command.ts";

/** Options that a command has for the connections of one protocol only. */
interface ProtocolOptions {
  /** For the help. */
  usage: string;
  /** With a value. */
  values: readonly string[];
  /** Without one. */
  switches: readonly string[];
}

/** The operator's input for a new connection. */
export interface CreatedConnection<Settings extends ConnectionSettings = ConnectionSettings> {
  settings: Settings;
  secret: ConnectionInput["secret"];
  /** Sentences about what was left out. */
  notes: readonly string[];
}

/** A sign-in protocol on the command line: connection-protocols.ts lists them. */
export interface ConnectionProtocol<Settings extends ConnectionSettings = ConnectionSettings> {
  creation: ProtocolOptions;
  change: ProtocolOptions;
  /** Settings that are printed even while they are missing. */
  shownDefaults: Partial<Settings>;
  /** Commands for this protocol only. */
  commands: readonly Command[];
  /** The settings of a new connection, without those that all protocols share. Throws InvalidError. */
  create(input: CommandInput, context: CommandContext): Promise<CreatedConnection<Settings>>;
  /** The settings after a change, likewise. Throws InvalidError. */
  changed(
    input: CommandInput,
    context: CommandContext,
    before: { key: string; settings: Settings },
  ): Promise<Settings>;
}

export function notComplete(): InvalidError {
  return new InvalidError("The connection's settings are not complete yet.");
}
