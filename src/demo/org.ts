import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { OrgSeed } from "okta-stand-in/state";
import type { Environment } from "../environment.ts";
import { ChildProgram } from "./program.ts";

/** The stand-in org of the demo: a process of its own that reads its content from a file. */
export interface DemoOrg {
  url: string;
  /** The org's content, up to half a second old; null before the first fill. */
  content(): OrgSeed | null;
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

/** Starts the stand-in org. Returns null if the demo uses an Okta org of your own. */
export function startDemoOrg(environment: Environment): DemoOrg | null {
  const { ORG_URL, ORG_PORT, ORG_FILE, ORG_SEED } = environment;
  if (!ORG_URL || !ORG_PORT || !ORG_FILE || !ORG_SEED) return null;
  const file = fileURLToPath(import.meta.resolve("okta-stand-in/program"));
  const words = ["--url", ORG_URL, "--port", ORG_PORT, "--file", ORG_FILE, "--seed", ORG_SEED];
  const program = new ChildProgram(file, environment, words);
  const content = () =>
    existsSync(ORG_FILE) ? (JSON.parse(readFileSync(ORG_FILE, "utf8")) as OrgSeed) : null;
  return {
    url: ORG_URL,
    content,
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

/** The problems of assignments and group pushes that failed. */
function problemsIn(content: OrgSeed | null): string[] {
  if (!content) return ["It has written no file."];
  return Object.values(content.apps).flatMap(({ assignments, pushGroups }) =>
    [...Object.values(assignments), ...Object.values(pushGroups)].flatMap(({ problem }) => problem ?? []),
  );
}
