import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FailedTest } from "./reporter.ts";
import type { Tree } from "./tree.ts";

/** How the tests of a run ended. */
export interface MutantOutcome {
  /** "stopped": the time limit of the whole was reached. */
  verdict: "passed" | "failed" | "timed out" | "stopped";
  /** The test that failed; null if none did or if it is not known which. */
  failed: FailedTest | null;
  /** The test and its message, or what else ended the run. */
  by: string;
}

export interface RunLimits {
  /** Milliseconds for the run. */
  ms: number;
  stop: AbortSignal;
}

const mocha = createRequire(import.meta.url).resolve("mocha/bin/mocha.js");
const reporter = fileURLToPath(new URL("./reporter.ts", import.meta.url));
const switches = new URL("./switch.mjs", import.meta.url).href;
/** A single test that takes longer hangs. */
export const testMs = 30_000;
/** How Node runs TypeScript that contains mutants. */
export const nodeOptions = ["--import=tsx", "--disable-proto=delete", `--import=${switches}`];

export const consoleGuard = "test/helpers/console-guard.ts";

/** The options of each engine's tests. The PostgreSQL server starts only for its own tests. */
const requirements = {
  SQLite: ["--require", consoleGuard, "--grep", "on PostgreSQL", "--invert"],
  PostgreSQL: ["--require", "test/helpers/postgres.ts", "--require", consoleGuard, "--grep", "on PostgreSQL"],
};
export type Engine = keyof typeof requirements;

/** The environment of a process in which one mutant is switched on, or none (null). */
export function mutantEnvironment(temporary: string, mutant: number | null): NodeJS.ProcessEnv {
  const onFile = join(temporary, "on");
  const reachedFile = join(temporary, "reached");
  writeFileSync(onFile, mutant === null ? "" : String(mutant));
  writeFileSync(reachedFile, "");
  return { ...process.env, TMPDIR: temporary, MUTANT_ON: onFile, MUTANTS_REACHED: reachedFile };
}

/** Runs test files in a process of their own until one test fails. SQLite's run includes tests without a database. */
export async function runTests(
  tree: Tree,
  { mutant, engine, files }: { mutant: number | null; engine: Engine; files: readonly string[] },
  limits: RunLimits,
): Promise<MutantOutcome> {
  const child = spawn(
    process.execPath,
    [
      ...nodeOptions,
      mocha,
      ...["--no-config", "--no-package", "--exit", "--bail"],
      ...["--timeout", String(testMs), "--reporter", reporter],
      ...requirements[engine],
      ...files,
    ],
    {
      cwd: tree.path,
      env: mutantEnvironment(tree.temporary(), mutant),
      stdio: ["ignore", "pipe", "pipe"],
      // A process group of its own, so that the test's child processes end with it.
      detached: true,
    },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const stopped = AbortSignal.any([limits.stop, AbortSignal.timeout(limits.ms)]);
  const stop = () => killGroup(child);
  stopped.addEventListener("abort", stop, { once: true });
  if (stopped.aborted) stop();
  const [code] = await once(child, "close");
  stopped.removeEventListener("abort", stop);
  // This also ends processes that a test left behind.
  killGroup(child);
  return outcomeOf(output, code, limits.stop.aborted ? "stopped" : stopped.aborted ? "timed out" : null);
}

export function killGroup(child: ChildProcess): void {
  try {
    process.kill(-(child.pid ?? Number.NaN), "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** The outcome of a failed test. */
export function failedOutcome(failed: FailedTest): MutantOutcome {
  return {
    verdict: failed.isTimeout ? "timed out" : "failed",
    failed,
    by: `${failed.title} (${failed.message})`,
  };
}

function outcomeOf(
  output: string,
  code: number | null,
  ended: "stopped" | "timed out" | null,
): MutantOutcome {
  const line = output.split("\n").find((one) => one.startsWith('{"file"'));
  if (line) return failedOutcome(JSON.parse(line) as FailedTest);
  if (ended) return { verdict: ended, failed: null, by: ended === "stopped" ? "" : "the whole run" };
  if (code === 0) return { verdict: "passed", failed: null, by: "" };
  return { verdict: "failed", failed: null, by: `the tests exit with ${code}: ${lastLine(output)}` };
}

function lastLine(output: string): string {
  return /^\w*Error.*$/m.exec(output)?.[0] ?? output.trim().split("\n").at(-1) ?? "";
}
