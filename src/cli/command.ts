import { type ParseArgsConfig, parseArgs } from "node:util";
import type { ToolConfig } from "../config.ts";
import { checkShownName } from "../directory/names.ts";
import { InvalidError } from "../errors.ts";
import type { Database } from "../store/database.ts";

/** The environment of a command. */
export interface CommandContext {
  config: ToolConfig;
  database: Database;
  /** Reads all of standard input, without the final line break. */
  readStdin(): Promise<string>;
  /** Asks the operator on the terminal, and returns the answer without surrounding spaces. Absent without a terminal. */
  ask?(question: string): Promise<string>;
}

/** The output of a command: `json` is the public contract, `text` is for people. */
export interface CommandResult {
  json: unknown;
  text: string;
  /** The command did its work, and found a fault: exit code 1, with the output. */
  hasFailed?: boolean;
}

interface CommandSyntax {
  /** The words that select the command: "tenant create". */
  name: string;
  /** The arguments after the name, for the help. */
  usage: string;
  summary: string;
  /** Options with a value. */
  values?: readonly string[];
  /** Options with a value that may be repeated. */
  lists?: readonly string[];
  /** Options without a value. */
  switches?: readonly string[];
  /** Names of the required arguments, in order. */
  positionals?: readonly string[];
}

export type Command = CommandSyntax &
  (
    | { run(input: CommandInput, context: CommandContext): Promise<CommandResult> }
    // For commands that do not need the configured database, which is not opened then.
    | { runWithoutDatabase(): Promise<CommandResult> }
  );

/** The parsed arguments of a command. */
export interface CommandInput {
  positional(name: string): string;
  value(name: string): string | undefined;
  /** Throws InvalidError if the option is absent or empty. */
  required(name: string): string;
  /** All values of an option that may be repeated. */
  list(name: string): string[];
  isSet(name: string): boolean;
  /** The value of an on|off option; undefined if it is absent. Throws InvalidError for any other value. */
  onOff(name: string): boolean | undefined;
}

/** Parses the arguments after a command's name. Throws InvalidError with the usage line. */
export function parseInput(command: Command, words: string[]): CommandInput & { json: boolean } {
  const { values = [], lists = [], switches = [], positionals = [] } = command;
  const options = Object.fromEntries([
    ...values.map((name) => [name, { type: "string" as const }]),
    ...lists.map((name) => [name, { type: "string" as const, multiple: true }]),
    ...[...switches, "json"].map((name) => [name, { type: "boolean" as const }]),
  ]);
  const parsed = parseOrExplain(command, words, options);
  if (parsed.positionals.length !== positionals.length) throw new InvalidError(usageOf(command));
  const given = parsed.values as Record<string, string | string[] | boolean | undefined>;
  for (const word of parsed.positionals) checkShownName("The argument", word);
  for (const [name, texts] of Object.entries(given))
    for (const text of [texts].flat()) if (typeof text === "string") checkShownName(`--${name}`, text);
  const value = (name: string) => (typeof given[name] === "string" ? given[name] : undefined);
  return {
    json: given.json === true,
    positional: (name) => parsed.positionals[positionals.indexOf(name)] as string,
    value,
    required(name) {
      const text = value(name);
      if (!text) throw new InvalidError(`--${name} is missing. ${usageOf(command)}`);
      return text;
    },
    list: (name) => [given[name] ?? []].flat().map(String),
    isSet: (name) => given[name] === true,
    onOff(name) {
      const text = value(name);
      if (text !== undefined && text !== "on" && text !== "off")
        throw new InvalidError(`--${name} must be on or off, not "${text}".`);
      return text === undefined ? undefined : text === "on";
    },
  };
}

function parseOrExplain(command: Command, args: string[], options: NonNullable<ParseArgsConfig["options"]>) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new InvalidError(`${(error as Error).message.split(". ")[0]}. ${usageOf(command)}`);
  }
}

export function usageOf(command: Command): string {
  return `Usage: npm run admin -- ${command.name} ${command.usage}`.trimEnd();
}
