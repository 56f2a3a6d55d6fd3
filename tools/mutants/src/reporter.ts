import { relative } from "node:path";
import Mocha from "mocha";

/** A test that failed. */
export interface FailedTest {
  file: string;
  title: string;
  message: string;
  isTimeout: boolean;
}

export function failedTest(
  test: Mocha.Test | Mocha.Hook,
  error: { code?: string; message?: string } | undefined,
): FailedTest {
  return {
    file: relative(process.cwd(), test.file ?? ""),
    title: test.fullTitle(),
    message: error?.message?.replaceAll(/\s+/g, " ").trim().slice(0, 160) ?? "",
    isTimeout: error?.code === "ERR_MOCHA_TIMEOUT",
  };
}

/** A mocha reporter that prints each failed test as one line of JSON. */
export default class Reporter {
  constructor(runner: Mocha.Runner) {
    runner.on(Mocha.Runner.constants.EVENT_TEST_FAIL, (test, error) =>
      process.stdout.write(`\n${JSON.stringify(failedTest(test, error))}\n`),
    );
  }
}
