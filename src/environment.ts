/** The process environment and the files beside it, as they are; config.ts says what the variables mean. */
import { existsSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";

export type Environment = Record<string, string | undefined>;

export const localFile = ".env";

/** Where the demo keeps what it generated: the command line means the demo when nothing else is configured. */
export const demoFile = "data/demo.env";

/** What the demo hands on to the server that it starts, and where its own settings may come from. */
export function processEnvironment(): Environment {
  return { ...process.env };
}

/** The process environment, over the first of `files` that exists unless the environment names a database itself. */
export function readEnvironment(files: readonly string[]): Environment {
  const file = process.env.DATABASE_URL ? localFile : files.find((path) => existsSync(path));
  return { ...(file ? readEnvironmentFile(file) : {}), ...process.env };
}

/** What a file says; nothing, where there is none. */
export function readEnvironmentFile(file: string): Environment {
  return existsSync(file) ? parseEnv(readFileSync(file, "utf8")) : {};
}
