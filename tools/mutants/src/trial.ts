import { filesOf } from "../../../test/jobs.mjs";
import type { Mutant } from "./mutations.ts";
import type { MutantResult } from "./report.ts";
import { testsFor } from "./rooms.ts";
import { type Engine, failedOutcome, type MutantOutcome, type RunLimits, runTests } from "./run.ts";
import { Session } from "./session.ts";
import type { RanTest } from "./session-program.ts";
import type { Tree } from "./tree.ts";

/** The tests of any room take less than this without a mutant. */
const baselineMs = 30 * 60_000;
/** A run with a mutant may take twice as long as without, and this. */
const slackMs = 60_000;
/** How many of the quickest tests are asked first: they kill most mutants. */
const firstTests = 12;

/** Tries mutants one after the other, in one process of tests for each worker. */
export class Trial {
  readonly #tree: Tree;
  readonly #files: readonly string[];
  readonly #stop: AbortSignal;
  readonly #tests = new Map<string, RanTest>();
  readonly #onPostgres = new Map<string, Promise<void>>();
  /** The titles of the tests that killed mutants of a source file, the last one first. */
  readonly #killers = new Map<string, string[]>();

  /** @param stop ends all runs. */
  constructor(tree: Tree, mutants: readonly number[], stop: AbortSignal) {
    this.#tree = tree;
    this.#stop = stop;
    this.#files = [...new Set(mutants.flatMap((number) => testFiles(this.#mutant(number).path)))].sort();
  }

  openSession(): Session {
    return new Session(this.#tree, this.#files, this.#stop);
  }

  /** Runs all tests on SQLite without a mutant, each in one of the sessions. Throws Error if one fails twice. */
  async measure(sessions: readonly Session[]): Promise<void> {
    await Promise.all(
      sessions.map(async (session, at) => {
        const files = this.#files.filter((_, index) => index % sessions.length === at);
        if (files.length === 0) return;
        const request = { mutant: null, titles: null, files, bail: false };
        const answer = await session.run(request, baselineMs);
        for (const test of answer?.ran ?? []) this.#tests.set(test.title, test);
        const failed = answer?.failed[0];
        // A test may fail once on a busy machine.
        if (failed) await this.#mustPass("SQLite", [failed.file]);
      }),
    );
  }

  /** Runs the tests of a mutant's file with it. Throws Error if PostgreSQL's tests fail without it. */
  async judge(session: Session, number: number): Promise<MutantResult> {
    const mutant = this.#mutant(number);
    const { verdict, failed, by } = await this.#outcome(session, number);
    if (verdict === "stopped" || this.#stop.aborted) return { mutant, fate: "not tried", by: "" };
    if (verdict === "passed") return { mutant, fate: "SURVIVED", by: "" };
    if (failed) this.#remember(mutant.path, failed.title);
    return { mutant, fate: verdict === "failed" ? "killed" : "timed out", by };
  }

  /** First the tests that reach the place, in the session; then, in new processes, all tests of the mutant's file. */
  async #outcome(session: Session, number: number): Promise<MutantOutcome> {
    const tests = this.#reaching(number);
    for (const some of [tests.slice(0, firstTests), tests.slice(firstTests)]) {
      const outcome = some.length > 0 ? await this.#inSession(session, number, some) : null;
      if (outcome) return outcome;
    }
    const files = testFiles(this.#mutant(number).path);
    const run = (engine: Engine) =>
      runTests(this.#tree, { mutant: number, engine, files }, this.#limits(files));
    const outcome = await run("SQLite");
    if (outcome.verdict !== "passed") return outcome;
    const onPostgres = await run("PostgreSQL");
    if (!isFailure(onPostgres)) return onPostgres;
    // A failure on PostgreSQL alone is rare: it counts if the tests pass without the mutant and then fail again.
    await this.#passOnPostgres(files);
    return await run("PostgreSQL");
  }

  /** Null if the tests pass, or if the session cannot be believed. */
  async #inSession(
    session: Session,
    mutant: number,
    tests: readonly RanTest[],
  ): Promise<MutantOutcome | null> {
    const ms = tests.reduce((sum, { took }) => sum + took, slackMs) * 2;
    const files = [...new Set(tests.map(({ file }) => file))];
    const titles = tests.map(({ title }) => title);
    const answer = await session.run({ mutant, titles, files, bail: true }, ms);
    if (!answer) return this.#stop.aborted ? { verdict: "stopped", failed: null, by: "" } : null;
    const [failed] = answer.failed;
    if (!failed) return null;
    const outcome = failedOutcome(failed);
    // The mutant may have left something behind, or an earlier one: the same tests have to pass without it.
    const again = await session.run({ mutant: null, titles, files: [failed.file], bail: true }, ms);
    if (again && again.failed.length === 0 && again.ran.length > 0) return outcome;
    session.close();
    return null;
  }

  /** The tests that reach a place: those that killed another mutant of its file first, then the quickest. */
  #reaching(number: number): RanTest[] {
    const killers = this.#killers.get(this.#mutant(number).path) ?? [];
    const rank = ({ title }: RanTest) => (killers.includes(title) ? killers.indexOf(title) : killers.length);
    return [...this.#tests.values()]
      .filter(({ reached }) => reached.includes(number))
      .sort((a, b) => rank(a) - rank(b) || a.took - b.took);
  }

  #mutant(number: number): Mutant {
    const mutant = this.#tree.mutants[number];
    if (!mutant) throw new Error(`there is no mutant ${number}`);
    return mutant;
  }

  #remember(path: string, killer: string): void {
    const others = (this.#killers.get(path) ?? []).filter((title) => title !== killer);
    this.#killers.set(path, [killer, ...others]);
  }

  async #passOnPostgres(files: readonly string[]): Promise<void> {
    const key = files.join();
    const passing = this.#onPostgres.get(key) ?? this.#mustPass("PostgreSQL", files);
    this.#onPostgres.set(key, passing);
    await passing;
  }

  async #mustPass(engine: Engine, files: readonly string[]): Promise<void> {
    const outcome = await runTests(this.#tree, { mutant: null, engine, files }, this.#limits(files));
    if (isFailure(outcome)) throw new Error(`the tests do not pass without a mutant: ${outcome.by}`);
  }

  #limits(files: readonly string[]): RunLimits {
    const took = [...this.#tests.values()].filter(({ file }) => files.includes(file));
    return { ms: took.reduce((sum, test) => sum + test.took, slackMs) * 3, stop: this.#stop };
  }
}

function isFailure({ verdict }: MutantOutcome): boolean {
  return verdict === "failed" || verdict === "timed out";
}

function testFiles(path: string): string[] {
  const wanted = testsFor(path);
  const files = filesOf("fast").filter((file) =>
    wanted.some((entry) => (entry.endsWith("/") ? file.startsWith(entry) : file === entry)),
  );
  if (files.length === 0) throw new Error(`there are no tests for ${path}`);
  return files;
}
