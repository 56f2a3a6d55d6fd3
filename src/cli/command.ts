import { type ParseArgsConfig, parseArgs } from "node:util";
import type { ToolConfig } from "../config.ts";
import { checkShownName } from "../directory/names.ts";
import { InvalidError } from "../errors.ts";
import type { Database } from "../store/database.ts";

/** What a command works with. */
export interface CommandContext {
  config: ToolConfig;
  database: Database;
  /** Reads all of standard input, without the line break at its end. */
  readStdin(): Promise<string>;
}

/** What a command says: `json` is the public contract, `text` is for people. */
export interface CommandResult {
  json: unknown;
  text: string;
}

interface CommandWords {
  /** The words that name it: "tenant create". */
  name: string;
  /** What follows the name, as the help shows it. */
  usage: string;
  summary: string;
  /** Options with a value, and those without. */
  values?: readonly string[];
  /** Options with a value that may be given several times. */
  lists?: readonly string[];
  switches?: readonly string[];
  /** Names of the words that must follow the command's name. */
  positionals?: readonly string[];
}

export type Command = CommandWords &
  (
    | { run(input: CommandInput, context: CommandContext): Promise<CommandResult> }
    // What is not about the configured database does not open it.
    | { runWithoutDatabase(): Promise<CommandResult> }
  );

/** A command's parsed words. */
export interface CommandInput {
  positional(name: string): string;
  value(name: string): string | undefined;
  /** Throws InvalidError when the option is absent. */
  required(name: string): string;
  /** Every value of an option that may be given several times. */
  list(name: string): string[];
  isSet(name: string): boolean;
  /** What an option whose value is on or off says; undefined when it is absent. Throws InvalidError for another value. */
  onOff(name: string): boolean | undefined;
}

/** Parses the words after a command's name. Throws InvalidError with the usage line. */
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
  for (const word of parsed.positionals) checkShownName("What was given", word);
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
