/**
 * The operator's command line: `npm run admin -- …` and `npm run migrate`.
 *
 * Owns: the commands in this folder. Standard output carries the result and nothing else, with --json exactly one JSON
 * object; errors are one sentence on standard error, and exit code 1. A command does all of its work in one
 * transaction or not at all. A composition root: may import every room but demo, which it runs as a program.
 */
import { text } from "node:stream/consumers";
import { ConfigError, loadToolConfig } from "../config.ts";
import { ConflictError, InvalidError, NotFoundError } from "../errors.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { migrate, migrationState } from "../store/migrate.ts";
import { isUnavailable } from "../store/sql-errors.ts";
import { type Command, parseInput, usageOf } from "./command.ts";
import { connectionCommands } from "./connections.ts";
import { demoCommands } from "./demo.ts";
import { migrateCommand } from "./migrate.ts";
import { tenantCommands } from "./tenants.ts";
import { tokenCommands } from "./tokens.ts";

const commands: Command[] = [
  ...tenantCommands,
  ...connectionCommands,
  ...tokenCommands,
  migrateCommand,
  ...demoCommands,
];

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}

async function main(words: string[]): Promise<void> {
  const command = commands.find(({ name }) => name === words.slice(0, name.split(" ").length).join(" "));
  if (words.includes("--help") || words.includes("-h") || words.length === 0) {
    process.stdout.write(`${command ? `${command.summary}.\n${usageOf(command)}` : help()}\n`);
    return;
  }
  if (!command)
    throw new InvalidError(`There is no command "${words.join(" ")}". See npm run admin -- --help`);
  const input = parseInput(command, words.slice(command.name.split(" ").length));
  // knex writes to standard output what it also throws.
  console.log = () => undefined;
  const config = loadToolConfig();
  const database = openDatabase(config.databaseUrl);
  try {
    if (command !== migrateCommand) await prepare(database);
    const readStdin = async () => (await text(process.stdin)).replace(/\r?\n$/, "");
    const result = await command.run(input, { config, database, readStdin });
    process.stdout.write(`${input.json ? JSON.stringify(result.json) : result.text}\n`);
  } finally {
    await database.close();
  }
}

/** A new database is set up on the way; one that is merely old may belong to a running app, so somebody must decide. */
async function prepare(database: Database): Promise<void> {
  const { applied, pending } = await migrationState(database);
  if (pending.length === 0) return;
  if (applied > 0)
    throw new InvalidError(`${pending.length} migrations have not been applied. Run: npm run migrate`);
  await migrate(database);
}

function help(): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    "Usage: npm run admin -- <command> [--json]",
    "",
    ...lines,
    "",
    "Add --help to a command for its options.",
  ].join("\n");
}

/** One sentence for the operator. What is not theirs to mend comes with its stack. */
function explain(error: unknown): string {
  if (error instanceof InvalidError || error instanceof ConflictError || error instanceof NotFoundError)
    return error.message;
  if (error instanceof ConfigError) return error.message;
  if (isUnavailable(error))
    return `The database does not answer: ${(error as Error).message || (error as { code?: string }).code}`;
  return String((error as Error).stack ?? error);
}
