/**
 * Runs jobs of tests (test/jobs.mjs), two of them side by side, or more where there are cores for it:
 *
 *   node test/run.mjs fast [options of mocha]
 *   node test/run.mjs fast postgres browser processes
 *   node test/run.mjs fast --costs
 *   node test/run.mjs processes fast:SQLite@/path/to/another/node
 *
 * `fast:PostgreSQL` runs everything once, on that database: suites that run on one are moved to it, and tests on the other
 * one are left out. `@` names the Node that runs the job, if it is another one.
 * The last lines say what passed and failed on each engine in all of them, and name the failed tests. `--costs` also prints
 * the CPU seconds of each job and of its most expensive files (test/costs.mjs). Exit code 1 when a job failed.
 *
 *   node test/run.mjs watch scim [options of mocha]
 *
 * runs the fast tests of one folder of test/, or of one workspace (scim-server), and again whenever a file changes.
 */
import { execFileSync, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { delimiter, dirname } from "node:path";
import { cpuSeconds, openCosts } from "./costs.mjs";
import { filesOf, jobs } from "./jobs.mjs";

const mocha = createRequire(import.meta.url).resolve("mocha/bin/mocha.js");
const countsCosts = process.argv.includes("--costs");
const words = process.argv.slice(2).filter((word) => word !== "--costs");
const cores = availableParallelism();
/** The CPU seconds of all jobs that have ended. */
let cpuCounted = 0;
process.exitCode = await (words[0] === "watch" ? watch(words[1], words.slice(2)) : runJobs());

async function runJobs() {
  const named = words.map(jobOf);
  const wanted = named.filter(Boolean).sort((a, b) => jobs.indexOf(a.job) - jobs.indexOf(b.job));
  const option = words.findIndex((word) => word.startsWith("-"));
  const unknown = words.slice(0, option === -1 ? words.length : option).find((word) => !jobOf(word));
  if (wanted.length === 0 || unknown !== undefined)
    throw new Error(
      `${unknown === undefined ? "" : `There is no job "${unknown}". `}Name one of ${jobs.join(", ")}`,
    );
  const options = words.filter((_, index) => !named[index]);
  // Even on two cores: at a job's end, one file runs alone for a while.
  const atOnce = Math.min(wanted.length, Math.max(2, Math.floor(cores / 4)));
  // Three or four workers keep two cores busy: many tests wait for a database or another process.
  const workers = Math.max(atOnce === 1 ? 3 : 2, Math.floor((cores - 1) / atOnce));
  const results = [];
  const waiting = [...wanted];
  const runInTurn = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      if (wanted.length > 1) process.stdout.write(`\n== ${one.title} begins\n`);
      results.push(await run(one, ["--jobs", String(workers), ...options], atOnce === 1));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, runInTurn));
  if (wanted.length > 1) summarise(results);
  return results.every(({ code }) => code === 0) ? 0 : 1;
}

/** The job that a word names: "fast", "fast:SQLite", "postgres@/path/to/node". Undefined for an option of mocha. */
function jobOf(word) {
  const [, job, engine, node] = /^(\w+)(?::(SQLite|PostgreSQL))?(?:@(.+))?$/.exec(word) ?? [];
  if (!jobs.includes(job)) return undefined;
  const version = node && ` on Node ${execFileSync(node, ["--version"], { encoding: "utf8" }).trim()}`;
  return { job, engine, node, title: `${job}${engine ? `, ${engine}` : ""}${version ?? ""}` };
}

/** The tests of a job on the databases that were named. */
function filterOf({ job, engine }) {
  if (job === "postgres") return ["--grep", "on PostgreSQL"];
  if (!engine) return [];
  return ["--grep", engine === "SQLite" ? "on PostgreSQL" : "on SQLite", "--invert"];
}

/** For test/helpers/databases.ts: the engine of suites that run on one, and whether the others have run before. */
function environmentOf({ job, engine }) {
  if (job === "postgres") return { TEST_ENGINE: "PostgreSQL", TEST_AGAIN: "1" };
  return engine ? { TEST_ENGINE: engine } : {};
}

/** A job's exit code, its seconds, its failed tests, and what its reporter counted (test/helpers/reporter.ts). */
async function run({ title, node, ...wanted }, options, isAlone) {
  const started = Date.now();
  const costs = countsCosts ? openCosts() : null;
  const path = node ? { PATH: dirname(node) + delimiter + process.env.PATH } : {};
  const colour = process.stdout.isTTY ? ["--color"] : [];
  const child = spawn(
    node ?? process.execPath,
    [mocha, ...filesOf(wanted.job), ...colour, ...filterOf(wanted), ...options, ...(costs?.options ?? [])],
    {
      env: { ...process.env, ...environmentOf(wanted), ...path, ...costs?.environment },
      stdio: ["inherit", "pipe", "inherit"],
    },
  );
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
    // Of several at once, each job's lines stay together.
    if (isAlone) process.stdout.write(text);
  });
  const code = await ended(child);
  const cpu = cpuSeconds() - cpuCounted;
  cpuCounted += cpu;
  if (!isAlone) process.stdout.write(`\n== ${title}\n${output}`);
  const counts = [...output.matchAll(/^(.+): (\d+) passed, (\d+) failed$/gm)].map(
    ([, name, passed, failed]) => ({ name, passed: Number(passed), failed: Number(failed) }),
  );
  const failures = [...output.matchAll(/^Failed: .+$/gm)].map(([line]) => line);
  // A file that cannot be loaded, or a worker that dies, fails no test.
  if (code !== 0 && failures.length === 0) {
    failures.push(`Failed: no test, but mocha ended with ${code}: see its output`);
    if (isAlone) process.stdout.write(`${failures[0]}\n`);
  }
  const seconds = Math.round((Date.now() - started) / 1000);
  if (costs)
    process.stdout.write(`\n${costs.table()}\n\n${title}: ${Math.round(cpu)} CPU seconds in ${seconds} s\n`);
  return { title, code, seconds, counts, failures };
}

function summarise(results) {
  const lines = results.map(
    ({ title, code, seconds }) => `${title}: ${code === 0 ? "passed" : "failed"} in ${seconds} s`,
  );
  const counts = results.flatMap((result) => result.counts);
  for (const name of new Set(counts.map((count) => count.name))) {
    const sum = (which) =>
      counts.filter((count) => count.name === name).reduce((total, count) => total + count[which], 0);
    lines.push(`${name}: ${sum("passed")} passed, ${sum("failed")} failed`);
  }
  // Often only the end of a long log is read.
  lines.push(...results.flatMap(({ title, failures }) => failures.map((line) => `${line} [${title}]`)));
  process.stdout.write(`\n== All jobs\n${lines.join("\n")}\n`);
}

async function watch(room, options) {
  const files = filesOf("fast").filter(
    (path) => path.startsWith(`test/${room}/`) || path.includes(`/${room}/test/`),
  );
  if (files.length === 0)
    throw new Error("Name a folder of test/, or a workspace: npm run test:watch -- scim");
  const watched = ["--watch", "--watch-files", "src,config,migrations,views,test,packages,tools,examples"];
  return await ended(
    spawn(process.execPath, [mocha, ...files, ...watched, ...options], { stdio: "inherit" }),
  );
}

function ended(child) {
  return new Promise((resolve) => child.once("close", resolve));
}
