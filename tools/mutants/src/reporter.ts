import { relative } from "node:path";
import Mocha from "mocha";

/** What the runs of the tests say on their standard output, one line of JSON each. */
export type Said =
  | { took: number; file: string }
  | { failed: string; file: string; message: string; isTimeout: boolean }
  | { passed: number };

/** Says how long each file took, and what failed first. */
export default class Reporter {
  constructor(runner: Mocha.Runner) {
    const took = new Map<string, number>();
    let passed = 0;
    let last = Date.now();
    const fileOf = (test: Mocha.Runnable) => relative(process.cwd(), test.file ?? "");
    const { EVENT_RUN_END, EVENT_TEST_END, EVENT_TEST_FAIL, EVENT_TEST_PASS } = Mocha.Runner.constants;
    runner.on(EVENT_TEST_PASS, () => passed++);
    runner.on(EVENT_TEST_END, (test) => {
      // With the hooks before it, which belong to its file.
      took.set(fileOf(test), (took.get(fileOf(test)) ?? 0) + Date.now() - last);
      last = Date.now();
    });
    runner.on(EVENT_TEST_FAIL, (test, error: { code?: string; message?: string } | undefined) =>
      say({
        failed: test.fullTitle(),
        file: fileOf(test),
        message: error?.message?.split("\n").slice(0, 3).join(" ").slice(0, 100) ?? "",
        isTimeout: error?.code === "ERR_MOCHA_TIMEOUT",
      }),
    );
    runner.once(EVENT_RUN_END, () => {
      for (const [file, ms] of took) say({ file, took: ms });
      say({ passed });
    });
  }
}

function say(what: Said): void {
  process.stdout.write(`\n${JSON.stringify(what)}\n`);
}
