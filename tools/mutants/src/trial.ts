import { filesOf } from "../../../test/jobs.mjs";
import type { Mutant } from "./mutations.ts";
import type { Result } from "./report.ts";
import { testsFor } from "./rooms.ts";
import { type Engine, type Outcome, runTests } from "./run.ts";
import type { Tree } from "./tree.ts";

/** Without a change, the tests of any room end within it. */
const baselineMs = 20 * 60_000;

/** Tries mutants one after the other, in one or several copies of the tree. */
export class Trial {
  readonly #stop: AbortSignal;
  readonly #baselines = new Map<string, Promise<Outcome>>();
  /** By source file: the test files that killed its mutants, the last one first. */
  readonly #killers = new Map<string, string[]>();

  /** @param stop ends everything that runs. */
  constructor(stop: AbortSignal) {
    this.#stop = stop;
  }

  /** Runs the tests for a mutant's file with it. @throws Error when they fail without it. */
  async judge(tree: Tree, mutant: Mutant): Promise<Result> {
    const onSqlite = await this.#run(tree, mutant, "SQLite");
    const outcome = onSqlite.verdict === "passed" ? await this.#onPostgres(tree, mutant) : onSqlite;
    if (outcome.verdict === "stopped") return { mutant, fate: "not tried", by: "" };
    if (outcome.verdict === "passed") return { mutant, fate: "SURVIVED", by: "" };
    if (outcome.file) this.#remember(mutant.path, outcome.file);
    return { mutant, fate: outcome.verdict === "failed" ? "killed" : "timed out", by: outcome.by };
  }

  /** What SQLite's tests let pass may still break here. That is rare, so it has to break twice before it is believed. */
  async #onPostgres(tree: Tree, mutant: Mutant): Promise<Outcome> {
    const first = await this.#run(tree, mutant, "PostgreSQL");
    const isNoticed = first.verdict === "failed" || first.verdict === "timed out";
    return isNoticed ? await this.#run(tree, mutant, "PostgreSQL") : first;
  }

  async #run(tree: Tree, mutant: Mutant, engine: Engine): Promise<Outcome> {
    const tests = testFiles(mutant.path);
    const key = [engine, ...tests].join();
    // Several workers wait for the first one's.
    const baseline = this.#baselines.get(key) ?? this.#baseline(tree, engine, tests);
    this.#baselines.set(key, baseline);
    const { verdict, took } = await baseline;
    if (verdict === "stopped") return await baseline;
    const ms = [...took.values()].reduce((sum, one) => sum + one, 60_000) * 2;
    const files = inOrder(tests, took, this.#killers.get(mutant.path) ?? []);
    return await tree.changed(mutant, () => runTests(tree, engine, files, { ms, stop: this.#stop }));
  }

  async #baseline(tree: Tree, engine: Engine, tests: readonly string[]): Promise<Outcome> {
    const outcome = await runTests(tree, engine, tests, { ms: baselineMs, stop: this.#stop });
    if (outcome.verdict === "failed" || outcome.verdict === "timed out")
      throw new Error(`the tests do not pass without a change: ${outcome.by}`);
    return outcome;
  }

  #remember(path: string, killer: string): void {
    const others = (this.#killers.get(path) ?? []).filter((file) => file !== killer);
    this.#killers.set(path, [killer, ...others]);
  }
}

function testFiles(path: string): string[] {
  const wanted = testsFor(path);
  const files = filesOf("fast").filter((file) =>
    wanted.some((entry) => (entry.endsWith("/") ? file.startsWith(entry) : file === entry)),
  );
  if (files.length === 0) throw new Error(`there are no tests for ${path}`);
  return files;
}

/** What killed a mutant of the same file first, then the quickest. */
function inOrder(
  files: readonly string[],
  took: ReadonlyMap<string, number>,
  killers: readonly string[],
): string[] {
  const others = files.filter((file) => !killers.includes(file));
  others.sort((a, b) => (took.get(a) ?? 0) - (took.get(b) ?? 0));
  return [...killers, ...others];
}
