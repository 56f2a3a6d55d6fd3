import { availableParallelism } from "node:os";

/** How mocha runs any test file; which files a job has is in test/jobs.mjs. */
export default {
  "node-option": ["import=tsx", "disable-proto=delete"],
  require: ["test/helpers/postgres.ts", "test/helpers/console-guard.ts"],
  reporter: "test/helpers/reporter.ts",
  // Some tests open every page. On a busy machine that takes more than a minute.
  timeout: 120_000,
  "forbid-only": true,
  "forbid-pending": true,
  parallel: true,
  // mocha's own default would be one on two cores. Many tests wait for a database or another process: with two workers, two
  // cores were idle for a third of the time.
  jobs: Math.max(3, availableParallelism() - 1),
};
