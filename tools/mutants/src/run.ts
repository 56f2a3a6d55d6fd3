import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MeasuredFile, TestMessage } from "./reporter.ts";
import type { Tree } from "./tree.ts";

/** The outcome of a test run. */
export interface MutantOutcome {
  /** "stopped": the time limit of all mutants was reached. */
  verdict: "passed" | "failed" | "timed out" | "stopped";
  /** The title and message of the test that failed, or another cause that ended the run. */
  by: string;
  /** The file of that test; "" if none failed. */
  file: string;
  measured: readonly MeasuredFile[];
  /** The files with a failed test. */
  failedFiles: readonly string[];
}

export interface Limits {
  /** The time limit of the run, in milliseconds. */
  ms: number;
  stop: AbortSignal;
  /** Whether the tree has probes (probe.mjs). */
  isProbed?: boolean;
}

const mocha = createRequire(import.meta.url).resolve("mocha/bin/mocha.js");
const reporter = fileURLToPath(new URL("./reporter.ts", import.meta.url));
const probe = new URL("./probe.mjs", import.meta.url).href;
/** A test that takes longer counts as hanging. */
const testMs = 30_000;

/** Mocha's options for each engine. SQLite's tests begin sooner because they start no server. */
const requirements = {
  SQLite: ["--require", "test/helpers/console-guard.ts", "--grep", "on PostgreSQL", "--invert"],
  PostgreSQL: [
    "--require",
    "test/helpers/postgres.ts",
    "--require",
    "test/helpers/console-guard.ts",
    "--grep",
    "on PostgreSQL",
  ],
};
export type Engine = keyof typeof requirements;

/**
 * Runs test files in this order: with probes all of them, otherwise until a test fails. Tests without a database run
 * together with SQLite's.
 */
export async function runTests(
  tree: Tree,
  engine: Engine,
  files: readonly string[],
  limits: Limits,
): Promise<MutantOutcome> {
  const options = [
    "--no-config",
    "--no-package",
    "--exit",
    "--timeout",
    String(testMs),
    "--reporter",
    reporter,
  ];
  const nodeOptions = ["--import=tsx", "--disable-proto=delete"];
  const child = spawn(
    process.execPath,
    [...nodeOptions, ...(limits.isProbed ? [`--import=${probe}`] : []), mocha, ...options]
      .concat(limits.isProbed ? [] : ["--bail"])
      .concat(requirements[engine])
      .concat(files),
    {
      cwd: tree.path,
      env: { ...process.env, TMPDIR: tree.temporary, MUTANTS_REACHED: join(tree.temporary, "reached") },
      stdio: ["ignore", "pipe", "pipe"],
      // A separate process group, so that programs that a test started can be ended, too.
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
  // Ends programs that the tests left behind.
  killGroup(child);
  return outcomeOf(output, code, limits.stop.aborted, stopped.aborted);
}

function killGroup(child: ChildProcess): void {
  try {
    process.kill(-(child.pid ?? Number.NaN), "SIGKILL");
  } catch {
    // The group has already ended.
  }
}

function outcomeOf(output: string, code: number | null, isStopped: boolean, isOver: boolean): MutantOutcome {
  const messages = output
    .split("\n")
    .filter((line) => line.startsWith('{"'))
    .map((line) => JSON.parse(line) as TestMessage);
  const measured = messages.filter((one) => "took" in one);
  const failures = messages.filter((one) => "failed" in one);
  const failure = failures[0];
  const result = (verdict: MutantOutcome["verdict"], by: string, file = "") => ({
    verdict,
    by,
    file,
    measured,
    failedFiles: [...new Set(failures.map((one) => one.file))],
  });
  if (failure) {
    const by = `${failure.failed} (${failure.message})`;
    return result(failure.isTimeout ? "timed out" : "failed", by, failure.file);
  }
  if (isStopped) return result("stopped", "");
  if (isOver) return result("timed out", "the whole run");
  if (code === 0) return result("passed", "");
  return result("failed", `the tests end with ${code}: ${lastLine(output)}`);
}

function lastLine(output: string): string {
  return /^\w*Error.*$/m.exec(output)?.[0] ?? output.trim().split("\n").at(-1) ?? "";
}
