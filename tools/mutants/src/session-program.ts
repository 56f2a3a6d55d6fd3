/**
 * A process that keeps all tests loaded and runs some of them at each request, with one mutant switched on. It spares each
 * mutant the time in which a new process would load the application.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import Mocha from "mocha";
import { type FailedTest, failedTest } from "./reporter.ts";
import { consoleGuard, testMs } from "./run.ts";

declare global {
  /** See switch.mjs. */
  var mutants: { switchTo(place: number | null): void; takeReached(): number[] };
}

export interface SessionRequest {
  mutant: number | null;
  /** The titles of the tests to run; null runs all of them. */
  titles: readonly string[] | null;
  /** Only tests of these files; null for all files. */
  files: readonly string[] | null;
  /** Ends the run at the first failure. */
  bail: boolean;
}

export interface RanTest {
  title: string;
  file: string;
  /** Milliseconds, with its hooks. */
  took: number;
  /** The places that the test and its hooks reached. */
  reached: readonly number[];
}

export interface SessionAnswer {
  ran: readonly RanTest[];
  failed: readonly FailedTest[];
}

const { MUTANT_ON: onFile = "", MUTANTS_REACHED: reachedFile = "" } = process.env;
const { mochaHooks } = await import(pathToFileURL(resolve(consoleGuard)).href);
const mocha = new Mocha({ timeout: testMs, rootHooks: mochaHooks, reporter: class {} as never });
mocha.cleanReferencesAfterRun(false);
for (const file of process.argv.slice(2)) mocha.addFile(resolve(file));
await mocha.loadFilesAsync();
const allSuites = [...mocha.suite.suites];

process.on("message", (request: SessionRequest) => {
  run(request).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.send?.("ready");

async function run({ mutant, titles, files, bail }: SessionRequest): Promise<SessionAnswer> {
  writeFileSync(onFile, mutant === null ? "" : String(mutant));
  globalThis.mutants.switchTo(mutant);
  const wanted = titles && new Set(titles);
  const onPostgres = (title: string) => title.includes("on PostgreSQL");
  // Mocha asks only test(): a set of titles is quicker and more exact than a regular expression of them.
  const grep = { test: (title: string) => !onPostgres(title) && (wanted?.has(title) ?? true) } as RegExp;
  mocha.grep(grep);
  mocha.suite.suites = allSuites.filter(
    ({ file }) => files === null || files.some((one) => resolve(one) === file),
  );
  setBail(mocha.suite, bail);
  const answer: { ran: RanTest[]; failed: FailedTest[] } = { ran: [], failed: [] };
  await new Promise<void>((done) => {
    const { EVENT_TEST_END, EVENT_TEST_FAIL } = Mocha.Runner.constants;
    let began = Date.now();
    const runner = mocha.run(() => done());
    runner.on(EVENT_TEST_FAIL, (test, error) => answer.failed.push(failedTest(test, error)));
    runner.on(EVENT_TEST_END, (test) => {
      const file = relative(process.cwd(), test.file ?? "");
      answer.ran.push({ title: test.fullTitle(), file, took: Date.now() - began, reached: takeReached() });
      began = Date.now();
    });
  });
  globalThis.mutants.switchTo(null);
  return answer;
}

function setBail(suite: Mocha.Suite, bail: boolean): void {
  suite.bail(bail);
  for (const inner of suite.suites) setBail(inner, bail);
}

function takeReached(): number[] {
  const byThreads = readFileSync(reachedFile, "utf8").trim();
  if (byThreads !== "") writeFileSync(reachedFile, "");
  return [
    ...new Set([
      ...globalThis.mutants.takeReached(),
      ...(byThreads === "" ? [] : byThreads.split("\n").map(Number)),
    ]),
  ];
}
