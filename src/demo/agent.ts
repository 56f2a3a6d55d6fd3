import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { brand } from "../../config/brand.ts";
import { crossAppAccessUrls } from "../endpoints.ts";
import type { Environment } from "../environment.ts";
import { ChildProgram } from "./program.ts";
import { demoPaths, demoTenants, loginOf } from "./tenants.ts";

/** The name of the demo's agent, here and at the org. */
export const agentName = "Task helper";

/** The settings of the agent's program: its registration at the org, and its registration here. */
export interface AgentSettings {
  org: { url: string; clientId: string; clientSecret: string };
  product: { name: string; issuer: string; mcpUrl: string; clientId: string; clientSecret: string };
  /** By the domain of a person's username: a colleague, to whom the agent can give something. */
  colleagues: Record<string, Colleague>;
}

/** Someone to whom the agent can give something. */
export interface Colleague {
  name: string;
  login: string;
}

/** An OAuth client: the agent's registration at one of the two sides. */
interface AgentClient {
  clientId: string;
  clientSecret: string;
}

/** The AI agent of the demo: another company's program, with a process and an origin of its own. */
export interface DemoAgent {
  url: string;
  /** Whether it has its registrations from an earlier start. */
  isConfigured(): boolean;
  /** Hands over new registrations. The agent forgets all that it knew. */
  configure(atOrg: AgentClient & { url: string }, here: AgentClient & { baseUrl: string }): void;
  /** Resolves to whether it listens. */
  ready: Promise<boolean>;
  /** Resolves to its exit code. */
  ended: Promise<number>;
  stop(): void;
}

/** Starts the agent. Returns null if the demo uses an Okta org of your own. */
export function startDemoAgent(environment: Environment): DemoAgent | null {
  const { AGENT_URL, AGENT_PORT, AGENT_FILE, BASE_URL } = environment;
  if (!AGENT_URL || !AGENT_PORT || !AGENT_FILE) return null;
  const file = fileURLToPath(import.meta.resolve("demo-pages/agent"));
  const words = ["--url", AGENT_URL, "--port", AGENT_PORT, "--file", AGENT_FILE];
  words.push("--story", `${BASE_URL}${demoPaths.story}`);
  const program = new ChildProgram(file, childEnvironment(environment), words);
  return {
    url: AGENT_URL,
    isConfigured: () => existsSync(AGENT_FILE),
    configure(atOrg, { baseUrl, ...here }) {
      const { issuer, mcpResource: mcpUrl } = crossAppAccessUrls(baseUrl);
      const product = { name: brand.productName, issuer, mcpUrl, ...here };
      const settings: AgentSettings = { org: atOrg, product, colleagues: colleaguesByDomain() };
      mkdirSync(dirname(AGENT_FILE), { recursive: true });
      rmSync(AGENT_FILE, { force: true });
      writeFileSync(AGENT_FILE, JSON.stringify(settings), { mode: 0o600 });
      program.tell("configured");
    },
    ready: program.reports("ready"),
    ended: program.ended,
    stop: () => program.stop(),
  };
}

function colleaguesByDomain(): AgentSettings["colleagues"] {
  return Object.fromEntries(
    demoTenants.map((tenant) => {
      const [, name] = tenant.people;
      return [tenant.domain, { name, login: loginOf(name, tenant) }];
    }),
  );
}

/** The agent is another company's: it gets none of the application's secrets. */
function childEnvironment({ PATH, HOME, NODE_EXTRA_CA_CERTS }: Environment): Environment {
  return { PATH, HOME, NODE_EXTRA_CA_CERTS };
}
