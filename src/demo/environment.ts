import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { demoFile, type Environment, processEnvironment, readDemoSettings } from "../environment.ts";
import { demoPaths } from "./tenants.ts";

/** The settings that the demo generates and stores. The command line reads them from the same file. */
interface DemoSettings {
  BASE_URL: string;
  DATABASE_URL: string;
  SESSION_SECRET: string;
  DATA_KEY: string;
  /** The password of the owners' accounts. */
  DEMO_PASSWORD: string;
  /** The secret by which the demo's programs authenticate to each other. */
  DEMO_CONTROL_SECRET: string;
  /** The URL that resets a running demo. */
  DEMO_RESET_URL: string;
  /** Set with the stand-in org, because its address is private and http. */
  INSECURE_ALLOW_PRIVATE_NETWORK?: "1";
}

/** The environment of the demo's programs. ORG_… and AGENT_… are absent with an Okta org of your own. */
export type DemoEnvironment = DemoSettings & {
  PORT: string;
  ORG_PORT?: string;
  ORG_URL?: string;
  ORG_FILE?: string;
  ORG_SEED?: string;
  AGENT_PORT?: string;
  AGENT_URL?: string;
  AGENT_FILE?: string;
} & Record<string, string | undefined>;

/** The stand-in's store, and the seed that it is filled with. */
const orgFiles = { ORG_FILE: "data/demo-org.json", ORG_SEED: "data/demo-org.seed.json" };
/** The agent's registrations, with their secrets. */
const agentFile = { AGENT_FILE: "data/demo-agent.json" };

/**
 * The demo's own database and secrets: generated once and kept in a file that git ignores. DEMO_DATABASE_URL chooses the
 * database. The shell's DATABASE_URL is ignored, or `--reset` could empty a real database.
 * @param withStandIn whether the stand-in org and the agent also run.
 */
export function demoEnvironment(withStandIn: boolean): DemoEnvironment {
  const { ORG_PORT, ORG_URL, AGENT_PORT, AGENT_URL, ...shell } = processEnvironment();
  const stored = readDemoSettings();
  const port = shell.PORT ?? "3000";
  const orgPort = ORG_PORT ?? String(Number(port) + 1);
  const agentPort = AGENT_PORT ?? String(Number(port) + 2);
  const settings: DemoSettings = {
    BASE_URL: shell.BASE_URL ?? `http://localhost:${port}`,
    DATABASE_URL: shell.DEMO_DATABASE_URL ?? (withStandIn ? "data/demo.sqlite" : "data/demo-okta.sqlite"),
    SESSION_SECRET: stored.SESSION_SECRET ?? randomBytes(32).toString("base64"),
    DATA_KEY: stored.DATA_KEY ?? randomBytes(32).toString("base64"),
    DEMO_PASSWORD: stored.DEMO_PASSWORD ?? randomBytes(12).toString("base64url"),
    DEMO_CONTROL_SECRET: stored.DEMO_CONTROL_SECRET ?? randomBytes(24).toString("base64url"),
    DEMO_RESET_URL: `http://127.0.0.1:${port}${demoPaths.reset}`,
    ...(withStandIn ? { INSECURE_ALLOW_PRIVATE_NETWORK: "1" as const } : {}),
  };
  write(settings);
  const others = {
    ORG_PORT: orgPort,
    ORG_URL: ORG_URL ?? `http://127.0.0.1:${orgPort}`,
    ...orgFiles,
    AGENT_PORT: agentPort,
    AGENT_URL: AGENT_URL ?? `http://127.0.0.1:${agentPort}`,
    ...agentFile,
  };
  // The demo speaks http, so https means that a tunnel or a proxy is in front of it.
  const proxies = settings.BASE_URL.startsWith("https:") ? { TRUST_PROXY: "1" } : {};
  const defaults = { HOST: "127.0.0.1", LOG_LEVEL: "error", ...proxies };
  return { ...defaults, ...shell, ...settings, ...(withStandIn ? others : {}), PORT: port };
}

function write(settings: DemoSettings): void {
  mkdirSync(dirname(demoFile), { recursive: true });
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  writeFileSync(demoFile, `# Written by npm run demo. Not for production.\n${lines.join("\n")}\n`, {
    mode: 0o600,
  });
}

/** A page of caught mail would sign visitors in, so only a demo on this machine has one. A mail server of your own wins. */
export function catchesMail({ SMTP_URL, SMTP_URL_FILE, BASE_URL = "" }: Environment): boolean {
  if (SMTP_URL || SMTP_URL_FILE) return false;
  return ["localhost", "127.0.0.1", "[::1]"].includes(new URL(BASE_URL).hostname);
}
