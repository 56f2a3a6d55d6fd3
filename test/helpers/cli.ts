import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { text } from "node:stream/consumers";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Command, type CommandContext, type CommandResult, parseInput } from "../../src/cli/command.ts";
import type { Database } from "../../src/store/database.ts";

export interface CliRun {
  code: number | null;
  stdout: string;
  stderr: string;
}

export const dataKey = Buffer.from("0123456789abcdefghijklmnopqrstuv");
/** An absolute path, because the programs run in other folders. */
const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** Runs the command line as a process, like `npm run admin -- …`, with only `environment` as its environment. */
export async function runCli(
  words: string[],
  environment: Record<string, string>,
  stdin = "",
): Promise<CliRun> {
  const child = spawn(process.execPath, ["--import", tsx, main, ...words], {
    // Not in the checkout, whose .env it would read.
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, DATA_KEY: dataKey.toString("base64"), ...environment },
  });
  // A failing command may never read its input.
  child.stdin.on("error", () => undefined).end(stdin);
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once("close", resolve)),
  ]);
  return { code, stdout, stderr };
}

interface CommandInputs {
  stdin?: string;
  /** Answers questions, as an operator at a terminal does. */
  ask?: NonNullable<CommandContext["ask"]>;
}

/** Runs one of `commands` in this process, on a test's database. */
export async function runCommand(
  commands: Command[],
  database: Database,
  words: string[],
  { stdin = "", ask, ...config }: Partial<CommandContext["config"]> & CommandInputs = {},
): Promise<CommandResult> {
  const command = commands.find(({ name }) => words.join(" ").startsWith(name));
  assert.ok(command && "run" in command, `there is a command ${words.join(" ")}`);
  return await command.run(parseInput(command, words.slice(command.name.split(" ").length)), {
    config: {
      baseUrl: "https://product.example",
      databaseUrl: "unused: the database is given",
      insecureAllowPrivateNetwork: false,
      outgoingProxy: null,
      mail: null,
      dataKey,
      formerDataKeys: [],
      ...config,
    },
    database,
    readStdin: () => Promise.resolve(stdin),
    ...(ask ? { ask } : {}),
  });
}
