import { filesOf } from "../../../test/jobs.mjs";
import type { Mutant } from "./mutations.ts";
import type { MutantResult } from "./report.ts";
import { testsFor } from "./rooms.ts";
import { type Engine, type MutantOutcome, runTests } from "./run.ts";
import type { Tree } from "./tree.ts";

/** The time limit of a room's tests without a change. */
const baselineMs = 20 * 60_000;

/** A test file's time without a change, and the numbers of the mutants whose places it reached. */
interface Measurement {
  took: number;
  reached: ReadonlySet<number>;
}

/** Tries mutants, in one or several copies of the tree. */
export class Trial {
  readonly #mutants: readonly Mutant[];
  readonly #stop: AbortSignal;
  readonly #measured = new Map<string, Measurement>();
  readonly #onPostgres = new Map<string, Promise<void>>();
  /** The test files that killed mutants of a source file, the latest first. */
  readonly #killers = new Map<string, string[]>();

  /** @param stop ends all running tests. */
  constructor(mutants: readonly Mutant[], stop: AbortSignal) {
    this.#mutants = mutants;
    this.#stop = stop;
  }

  /** Runs all tests on SQLite without a change. @throws Error if one fails. */
  async measure(trees: readonly Tree[]): Promise<void> {
    const files = [...new Set(this.#mutants.flatMap(({ path }) => testFiles(path)))];
    const measureIn = async (tree: Tree, at: number) => {
      const its = files.filter((_, index) => index % trees.length === at);
      if (its.length === 0) return;
      const limits = { ms: baselineMs, stop: this.#stop, isProbed: true };
      const outcome = await tree.probed(this.#mutants, () => runTests(tree, "SQLite", its, limits));
      const again = outcome.failedFiles.filter((file) => its.includes(file));
      // A test may fail once on a busy machine.
      if (isFailure(outcome))
        mustPass(again.length > 0 ? await this.#tests(tree, "SQLite", again, baselineMs) : outcome);
      for (const { file, took, reached } of outcome.measured)
        this.#measured.set(file, { took, reached: new Set(reached) });
    };
    await Promise.all(trees.map(measureIn));
  }

  /** Runs the tests of a mutant's file with the mutant. @throws Error if PostgreSQL's tests fail without it. */
  async judge(tree: Tree, mutant: Mutant): Promise<MutantResult> {
    const files = this.#reaching(mutant);
    const ms = files.reduce((sum, file) => sum + (this.#measured.get(file)?.took ?? 0), 60_000) * 2;
    const run = (engine: Engine) => tree.changed(mutant, () => this.#tests(tree, engine, files, ms));
    let outcome = await run("SQLite");
    if (outcome.verdict === "passed") {
      outcome = await run("PostgreSQL");
      // It is rare that only PostgreSQL's tests kill a mutant, so they must fail twice, and pass without it.
      if (isFailure(outcome)) {
        await this.#passOnPostgres(tree, files);
        outcome = await run("PostgreSQL");
      }
    }
    if (outcome.verdict === "stopped") return { mutant, fate: "not tried", by: "" };
    if (outcome.verdict === "passed") return { mutant, fate: "SURVIVED", by: "" };
    if (outcome.file) this.#remember(mutant.path, outcome.file);
    return { mutant, fate: outcome.verdict === "failed" ? "killed" : "timed out", by: outcome.by };
  }

  /**
   * The test files that reach a mutant's place: first those that killed another mutant of the same file, then the quickest.
   * If none is known to reach it, all files of the room: it may be reached while files load, or on PostgreSQL.
   */
  #reaching(mutant: Mutant): string[] {
    const number = this.#mutants.indexOf(mutant);
    const files = testFiles(mutant.path);
    const took = (file: string) => this.#measured.get(file)?.took ?? 0;
    const reaching = files.filter((file) => this.#measured.get(file)?.reached.has(number));
    const those = reaching.length > 0 ? reaching : files;
    const killers = (this.#killers.get(mutant.path) ?? []).filter((file) => those.includes(file));
    const others = those.filter((file) => !killers.includes(file)).sort((a, b) => took(a) - took(b));
    return [...killers, ...others];
  }

  #remember(path: string, killer: string): void {
    const others = (this.#killers.get(path) ?? []).filter((file) => file !== killer);
    this.#killers.set(path, [killer, ...others]);
  }

  async #passOnPostgres(tree: Tree, files: readonly string[]): Promise<void> {
    const key = [...files].sort().join();
    const passing =
      this.#onPostgres.get(key) ?? this.#tests(tree, "PostgreSQL", files, baselineMs).then(mustPass);
    this.#onPostgres.set(key, passing);
    await passing;
  }

  #tests(tree: Tree, engine: Engine, files: readonly string[], ms: number): Promise<MutantOutcome> {
    return runTests(tree, engine, files, { ms, stop: this.#stop });
  }
}

function isFailure({ verdict }: MutantOutcome): boolean {
  return verdict === "failed" || verdict === "timed out";
}

function mustPass(outcome: MutantOutcome): void {
  if (isFailure(outcome)) throw new Error(`the tests do not pass without a change: ${outcome.by}`);
}

function testFiles(path: string): string[] {
  const wanted = testsFor(path);
  const files = filesOf("fast").filter((file) =>
    wanted.some((entry) => (entry.endsWith("/") ? file.startsWith(entry) : file === entry)),
  );
  if (files.length === 0) throw new Error(`there are no tests for ${path}`);
  return files;
}
