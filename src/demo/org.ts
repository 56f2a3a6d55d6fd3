import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { OrgSeed } from "okta-stand-in/state";
import type { Environment } from "../environment.ts";
import { agentName } from "./agent.ts";
import { ChildProgram } from "./program.ts";
import { demoPaths, orgIdOf } from "./tenants.ts";

/** The stand-in org of the demo: a process of its own that reads its content from a file. */
export interface DemoOrg {
  url: string;
  /** The org's content, up to half a second old; null before the first fill. */
  content(): OrgSeed | null;
  /** The agent of the demo, and its connection to a customer's app. */
  agentAt(appId: string): DemoAgentAtOrg;
  /** Replaces the content and waits until everything is provisioned. Throws an error that names what failed. */
  fill(seed: OrgSeed): Promise<void>;
  /** Continues the work that was pending when the org last ended. */
  resume(): void;
  /** Resolves to whether the org listens. */
  ready: Promise<boolean>;
  /** Resolves to its exit code. */
  ended: Promise<number>;
  stop(): void;
}

/** The agent of the demo, as the org knows it. */
interface DemoAgentAtOrg {
  /** The app that people sign in to. */
  appId: string;
  /** The resource connection to the customer's app; "none" if it was deleted. */
  connectionId: string;
  /** Whether the seed had another resource connection. */
  isReconnected: boolean;
}

/** Starts the stand-in org. Returns null if the demo uses an Okta org of your own. */
export function startDemoOrg(environment: Environment): DemoOrg | null {
  const { ORG_URL, ORG_PORT, ORG_FILE, ORG_SEED, BASE_URL } = environment;
  if (!ORG_URL || !ORG_PORT || !ORG_FILE || !ORG_SEED) return null;
  const file = fileURLToPath(import.meta.resolve("okta-stand-in/program"));
  const words = ["--url", ORG_URL, "--port", ORG_PORT, "--file", ORG_FILE, "--seed", ORG_SEED];
  words.push("--back-to", `${BASE_URL}${demoPaths.story}`, "--back-to-label", "The story");
  // The story's buttons sign the presenter in. At a public address there are none.
  if (isLoopback(ORG_URL)) words.push("--sign-in-by-link");
  const program = new ChildProgram(file, environment, words);
  const content = () => read(ORG_FILE);
  return {
    url: ORG_URL,
    content,
    agentAt(appId) {
      const [now, atFirst] = [agentIn(content(), appId), agentIn(read(ORG_SEED), appId)];
      const isReconnected = now.connectionId !== "none" && now.connectionId !== atFirst.connectionId;
      return { ...now, isReconnected };
    },
    async fill(seed) {
      mkdirSync(dirname(ORG_SEED), { recursive: true });
      writeFileSync(ORG_SEED, JSON.stringify(seed), { mode: 0o600 });
      if (!(await program.ask("reset", "resumed"))) throw new Error("The stand-in org has ended.");
      const problems = problemsIn(content());
      if (problems.length > 0) throw new Error(`The stand-in org could not provision: ${problems.join(" ")}`);
    },
    resume: () => program.tell("resume"),
    ready: program.reports("ready"),
    ended: program.ended,
    stop: () => program.stop(),
  };
}

function isLoopback(url: string): boolean {
  return ["localhost", "127.0.0.1", "[::1]"].includes(new URL(url).hostname);
}

function read(file: string): OrgSeed | null {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as OrgSeed) : null;
}

function agentIn(content: OrgSeed | null, appId: string) {
  const agent = content?.agents?.[orgIdOf("wlp", agentName)];
  const connection = agent?.connections.find((one) => one.appId === appId);
  return { appId: agent?.linkedAppId ?? "", connectionId: connection?.id ?? "none" };
}

/** The problems of assignments and group pushes that failed. */
function problemsIn(content: OrgSeed | null): string[] {
  if (!content) return ["It has written no file."];
  return Object.values(content.apps).flatMap(({ assignments, pushGroups }) =>
    [...Object.values(assignments), ...Object.values(pushGroups)].flatMap(({ problem }) => problem ?? []),
  );
}
