/** Reads the process environment and .env files. The variables are defined in config.ts. */
import { existsSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";

export type Environment = Record<string, string | undefined>;

export const localFile = ".env";

// demo only {
/** The demo's generated settings. The command line uses them if nothing else is configured. */
export const demoFile = "data/demo.env";

export function readDemoSettings(): Environment {
  return readEnvironmentFile(demoFile);
}
// demo only }

/** Where the command line looks for its settings. */
export const toolFiles = [
  localFile,
  demoFile, // demo only
];

/** A copy of the process environment, for programs that start the application. */
export function processEnvironment(): Environment {
  return { ...process.env };
}

/**
 * The process environment, on top of the first of `files` that exists. If the environment sets DATABASE_URL, only the
 * local file counts.
 */
export function readEnvironment(files: readonly string[]): Environment {
  const file = process.env.DATABASE_URL ? localFile : files.find((path) => existsSync(path));
  return { ...(file ? readEnvironmentFile(file) : {}), ...process.env };
}

/** Parses an environment file; empty if it does not exist. */
function readEnvironmentFile(file: string): Environment {
  return existsSync(file) ? parseEnv(readFileSync(file, "utf8")) : {};
}
