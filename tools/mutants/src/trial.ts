import { filesOf } from "../../../test/jobs.mjs";
import type { Mutant } from "./mutations.ts";
import type { MutantResult } from "./report.ts";
import { testsFor } from "./rooms.ts";
import { type Engine, type MutantOutcome, runTests } from "./run.ts";
import type { Tree } from "./tree.ts";

/** Without a change, the tests of any room end within it. */
const baselineMs = 20 * 60_000;

/** A test file without a change: how long it took, and the numbers of the mutants whose places it reached. */
interface Measurement {
  took: number;
  reached: ReadonlySet<number>;
}

/** Tries mutants one after the other, in one or several copies of the tree. */
export class Trial {
  readonly #mutants: readonly Mutant[];
  readonly #stop: AbortSignal;
  readonly #measured = new Map<string, Measurement>();
  readonly #onPostgres = new Map<string, Promise<void>>();
  /** By source file: the test files that killed its mutants, the last one first. */
  readonly #killers = new Map<string, string[]>();

  /** @param stop ends everything that runs. */
  constructor(mutants: readonly Mutant[], stop: AbortSignal) {
    this.#mutants = mutants;
    this.#stop = stop;
  }

  /** Runs all the tests on SQLite without a change. @throws Error when one fails. */
  async measure(trees: readonly Tree[]): Promise<void> {
    const files = [...new Set(this.#mutants.flatMap(({ path }) => testFiles(path)))];
    const measureIn = async (tree: Tree, at: number) => {
      const its = files.filter((_, index) => index % trees.length === at);
      if (its.length === 0) return;
      const limits = { ms: baselineMs, stop: this.#stop, isProbed: true };
      const outcome = await tree.probed(this.#mutants, () => runTests(tree, "SQLite", its, limits));
      const again = outcome.failedFiles.filter((file) => its.includes(file));
      // On a busy machine a test may fail once.
      if (isFailure(outcome))
        mustPass(again.length > 0 ? await this.#tests(tree, "SQLite", again, baselineMs) : outcome);
      for (const { file, took, reached } of outcome.measured)
        this.#measured.set(file, { took, reached: new Set(reached) });
    };
    await Promise.all(trees.map(measureIn));
  }

  /** Runs the tests for a mutant's file with it. @throws Error when PostgreSQL's fail without it. */
  async judge(tree: Tree, mutant: Mutant): Promise<MutantResult> {
    const files = this.#reaching(mutant);
    const ms = files.reduce((sum, file) => sum + (this.#measured.get(file)?.took ?? 0), 60_000) * 2;
    const run = (engine: Engine) => tree.changed(mutant, () => this.#tests(tree, engine, files, ms));
    let outcome = await run("SQLite");
    if (outcome.verdict === "passed") {
      outcome = await run("PostgreSQL");
      // That only these notice is rare: it is believed when they do so twice, and pass without a change.
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
   * The test files that reach a mutant's place, what killed another of its file first, then the quickest. All of the
   * room's where none was seen to: it may be reached while files are loaded, or on PostgreSQL.
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
