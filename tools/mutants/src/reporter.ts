import { relative } from "node:path";
import Mocha from "mocha";

declare global {
  /** Defined only if probe.mjs is loaded. */
  var mutantsReached: (() => number[]) | undefined;
}

/** A message of a test run on its standard output: one line of JSON. */
export type TestMessage = MeasuredFile | FailedTest;

/** A test file took so many milliseconds, and reached these places (probe.mjs). "" means the loading of all files. */
export interface MeasuredFile {
  file: string;
  took: number;
  reached: number[];
}

interface FailedTest {
  file: string;
  failed: string;
  message: string;
  isTimeout: boolean;
}

/** A mocha reporter that sends a message about each file and each failed test. */
export default class Reporter {
  constructor(runner: Mocha.Runner) {
    const { EVENT_RUN_END, EVENT_SUITE_BEGIN, EVENT_TEST_FAIL } = Mocha.Runner.constants;
    let file = "";
    let began = Date.now();
    const begin = (next: string) => {
      if (next === file) return;
      say({ file, took: Date.now() - began, reached: globalThis.mutantsReached?.() ?? [] });
      file = next;
      began = Date.now();
    };
    const pathOf = (path = "") => relative(process.cwd(), path);
    runner.on(EVENT_SUITE_BEGIN, (suite) => {
      if (suite.file) begin(pathOf(suite.file));
    });
    runner.on(EVENT_TEST_FAIL, (test, error: { code?: string; message?: string } | undefined) =>
      say({
        file: pathOf(test.file),
        failed: test.fullTitle(),
        message: error?.message?.replaceAll(/\s+/g, " ").trim().slice(0, 160) ?? "",
        isTimeout: error?.code === "ERR_MOCHA_TIMEOUT",
      }),
    );
    runner.once(EVENT_RUN_END, () => begin("the end"));
  }
}

function say(what: TestMessage): void {
  process.stdout.write(`\n${JSON.stringify(what)}\n`);
}
