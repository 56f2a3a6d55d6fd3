import Mocha from "mocha";
import { engines } from "./databases.ts";

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS } = Mocha.Runner.constants;

/** mocha's usual output, and at the end the number of tests on each database, and each failed test on a line of its own. */
export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    const counts = new Map<string, { passed: number; failed: number }>();
    for (const name of [...engines, "Without database"]) counts.set(name, { passed: 0, failed: 0 });
    const count = (test: Mocha.Test) => {
      const path = test.titlePath();
      const engine = engines.find((name) => path.some((title) => title === `on ${name}`));
      return counts.get(engine ?? "Without database") as { passed: number; failed: number };
    };
    runner.on(EVENT_TEST_PASS, (test) => count(test).passed++);
    const failures: string[] = [];
    runner.on(EVENT_TEST_FAIL, (test: Mocha.Test, error: Error) => {
      count(test).failed++;
      // On one line. The first one of a comparison's message does not say what was found.
      failures.push(`Failed: ${test.fullTitle()}: ${error.message.replace(/\s+/g, " ").slice(0, 500)}\n`);
    });
    // If a file cannot be loaded, mocha ends its parallel run more than once.
    runner.once(EVENT_RUN_END, () => {
      for (const [name, { passed, failed }] of counts) {
        process.stdout.write(`${name}: ${passed} passed, ${failed} failed\n`);
      }
      process.stdout.write(failures.join(""));
    });
  }
}
