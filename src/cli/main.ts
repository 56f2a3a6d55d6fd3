/**
 * The operator's command line: `npm run admin -- …` and `npm run migrate`.
 *
 * Owns: the commands in this folder. Standard output carries the result only; with --json it is exactly one JSON value. Text
 * for people makes invisible characters visible (visible.ts). An error is one sentence on standard error, with exit code 1.
 * A command does all of its work in one transaction or not at all.
 * May import: the ground floor, trust, directory, store, config, trail and the protocol rooms.
 */
import { text } from "node:stream/consumers";
import { ConfigError, ConflictError, InvalidError, NotFoundError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import { isUnavailable } from "../store/sql-errors.ts";
import { visible, visibleLines } from "../visible.ts";
import { type Command, type CommandInput, type CommandResult, parseInput, usageOf } from "./command.ts";

/** Commands by their first word. Each group is loaded on demand, so that no command waits for the imports of another. */
const groups: { words: string[]; load(): Promise<readonly Command[]> }[] = [
  {
    words: ["tenant", "owner", "domain"],
    load: async () => [
      ...(await import("./tenants.ts")).tenantCommands,
      (await import("./health.ts")).healthCommand,
      (await import("./sessions.ts")).sessionsCommand,
    ],
  },
  {
    words: ["second-step"],
    load: async () => [(await import("./second-steps.ts")).secondStepsCommand],
  },
  { words: ["connection"], load: async () => (await import("./connections.ts")).connectionCommands },
  { words: ["client"], load: async () => (await import("./clients.ts")).clientCommands },
  { words: ["scim-client"], load: async () => (await import("./scim-clients.ts")).scimClientCommands },
  { words: ["api-key"], load: async () => (await import("./api-keys.ts")).apiKeyCommands },
  { words: ["token"], load: async () => (await import("./tokens.ts")).tokenCommands },
  { words: ["secrets"], load: async () => (await import("./secrets.ts")).secretsCommands },
  { words: ["activity"], load: async () => (await import("./activity.ts")).activityCommands },
  { words: ["migrate"], load: async () => [(await import("./migrate.ts")).migrateCommand] },
  { words: ["backup"], load: async () => [(await import("./backup.ts")).backupCommand] },
  { words: ["demo"], load: async () => (await import("./demo.ts")).demoCommands }, // demo only
];

/** Commands for databases of any version: an operator makes a backup before the migration. */
const leavesMigrations = ["migrate", "backup"];

/** Errors that the operator can fix: their message is enough. */
const expectedErrors = [InvalidError, ConflictError, NotFoundError, ConfigError];

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${visibleLines(explain(error))}\n`);
  process.exitCode = 1;
}

async function main(words: string[]): Promise<void> {
  const group = groups.find((one) => one.words.includes(words[0] ?? ""));
  const command = (await group?.load())?.find(
    ({ name }) => name === words.slice(0, name.split(" ").length).join(" "),
  );
  if (words.includes("--help") || words.includes("-h") || words.length === 0) {
    process.stdout.write(`${command ? `${command.summary}.\n${usageOf(command)}` : await help()}\n`);
    return;
  }
  if (!command)
    throw new InvalidError(`There is no command "${words.join(" ")}". See npm run admin -- --help`);
  const input = parseInput(command, words.slice(command.name.split(" ").length));
  const result = "run" in command ? await onDatabase(command, input) : await command.runWithoutDatabase();
  if (result.hasFailed) process.exitCode = 1;
  process.stdout.write(`${input.json ? JSON.stringify(result.json) : visibleLines(result.text)}\n`);
}

async function onDatabase(
  command: Extract<Command, { run: unknown }>,
  input: CommandInput & { json: boolean },
): Promise<CommandResult> {
  // knex also writes its errors to standard output, before it throws them.
  console.log = () => undefined;
  const { loadToolConfig } = await import("../config.ts");
  const config = loadToolConfig();
  const { openDatabase } = await import("../store/database.ts");
  const database = openDatabase(config.databaseUrl);
  try {
    if (!leavesMigrations.includes(command.name)) await migrateIfNew(database);
    const readStdin = async () => (await text(process.stdin)).replace(/\r?\n$/, "");
    // With --json, a program reads the output: it must never wait for an answer.
    const canAsk = process.stdin.isTTY === true && !input.json;
    return await command.run(input, { config, database, readStdin, ...(canAsk ? { ask } : {}) });
  } finally {
    await database.close();
  }
}

/** Asks on standard error, because standard output carries the result only. Throws InvalidError after Ctrl-C or Ctrl-D. */
async function ask(question: string): Promise<string> {
  const { createInterface } = await import("node:readline/promises");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<never>((_resolve, reject) => {
    terminal.once("close", () => reject(new InvalidError("There was no answer. Nothing was done.")));
  });
  try {
    return (await Promise.race([terminal.question(visible(question)), closed])).trim();
  } finally {
    closed.catch(() => undefined);
    terminal.close();
  }
}

/** Migrates a new database. An old one may belong to a running app, so the operator must decide. Throws InvalidError then. */
async function migrateIfNew(database: Database): Promise<void> {
  const { migrate, migrationState } = await import("../store/migrate.ts");
  const { applied, pending } = await migrationState(database);
  if (pending.length === 0) return;
  if (applied > 0)
    throw new InvalidError(`${pending.length} migrations have not been applied. Run: npm run migrate`);
  await migrate(database);
}

async function help(): Promise<string> {
  const commands = (await Promise.all(groups.map((group) => group.load()))).flat();
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

/** One sentence for the operator; an unexpected error has its stack. */
function explain(error: unknown): string {
  if (expectedErrors.some((kind) => error instanceof kind))
    return error instanceof ConfigError ? error.message : visible((error as Error).message);
  if (isUnavailable(error))
    return `The database does not answer: ${(error as Error).message || (error as { code?: string }).code}`;
  return String((error as Error).stack ?? error);
}
