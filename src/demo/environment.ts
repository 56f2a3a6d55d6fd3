import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseEnv } from "node:util";
import { demoFile, processEnvironment } from "../config.ts";

/** What the demo generated for itself; the command line finds it in the same file. */
interface DemoSettings {
  BASE_URL: string;
  DATABASE_URL: string;
  SESSION_SECRET: string;
  DATA_KEY: string;
  /** The password of every local account of the demo. */
  DEMO_PASSWORD: string;
}

/** The environment that the demo's server runs with. */
export type DemoEnvironment = DemoSettings & { PORT: string } & Record<string, string | undefined>;

/**
 * The demo's own database and secrets, in a file that git ignores: generated once, kept after. A DATABASE_URL of the
 * shell does not count here, or `--reset` would empty a database that is not the demo's; DEMO_DATABASE_URL does.
 */
export function demoEnvironment(): DemoEnvironment {
  const shell = processEnvironment();
  const stored = existsSync(demoFile) ? parseEnv(readFileSync(demoFile, "utf8")) : {};
  const port = shell.PORT ?? "3000";
  const settings: DemoSettings = {
    BASE_URL: shell.BASE_URL ?? `http://localhost:${port}`,
    DATABASE_URL: shell.DEMO_DATABASE_URL ?? "data/demo.sqlite",
    SESSION_SECRET: stored.SESSION_SECRET ?? randomBytes(32).toString("base64"),
    DATA_KEY: stored.DATA_KEY ?? randomBytes(32).toString("base64"),
    DEMO_PASSWORD: stored.DEMO_PASSWORD ?? randomBytes(12).toString("base64url"),
  };
  write(settings);
  return { HOST: "127.0.0.1", LOG_LEVEL: "warn", ...shell, ...settings, PORT: port };
}

function write(settings: DemoSettings): void {
  mkdirSync(dirname(demoFile), { recursive: true });
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  writeFileSync(demoFile, `# Written by npm run demo. Not for production.\n${lines.join("\n")}\n`, {
    mode: 0o600,
  });
}
