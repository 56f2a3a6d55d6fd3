/**
 * Runs jobs of tests (test/jobs.mjs), two of them side by side, or more where there are cores for it:
 *
 *   node test/run.mjs fast [options of mocha]
 *   node test/run.mjs fast postgres browser processes
 *   node test/run.mjs fast --costs
 *
 * The last lines say what passed and failed on each engine in all of them, and name the failed tests. `--costs` also prints
 * the CPU seconds of each job and of its most expensive files (test/costs.mjs). Exit code 1 when a job failed.
 *
 *   node test/run.mjs watch scim [options of mocha]
 *
 * runs the fast tests of one folder of test/, or of one workspace (scim-server), and again whenever a file changes.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
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
  const wanted = jobs.filter((job) => words.includes(job));
  if (wanted.length === 0) throw new Error(`Name at least one job: ${jobs.join(", ")}`);
  const options = words.filter((word) => !jobs.includes(word));
  // Even on two cores: at a job's end, one file runs alone for a while.
  const atOnce = Math.min(wanted.length, Math.max(2, Math.floor(cores / 4)));
  // Three or four workers keep two cores busy: many tests wait for a database or another process.
  const workers = Math.max(atOnce === 1 ? 3 : 2, Math.floor((cores - 1) / atOnce));
  const results = new Map();
  const waiting = [...wanted];
  const runInTurn = async () => {
    for (let job = waiting.shift(); job; job = waiting.shift()) {
      if (wanted.length > 1) process.stdout.write(`\n== ${job} begins\n`);
      results.set(job, await run(job, ["--jobs", String(workers), ...options], atOnce === 1));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, runInTurn));
  if (wanted.length > 1) summarise(results);
  return [...results.values()].every(({ code }) => code === 0) ? 0 : 1;
}

/** A job's exit code, its seconds, its failed tests, and what its reporter counted (test/helpers/reporter.ts). */
async function run(job, options, isAlone) {
  const started = Date.now();
  const costs = countsCosts ? openCosts() : null;
  const only = job === "postgres" ? ["--grep", "on PostgreSQL"] : [];
  const engine = job === "postgres" ? { TEST_ENGINE: "PostgreSQL" } : {};
  const colour = process.stdout.isTTY ? ["--color"] : [];
  const child = spawn(
    process.execPath,
    [mocha, ...filesOf(job), ...colour, ...only, ...options, ...(costs?.options ?? [])],
    {
      env: { ...process.env, ...engine, ...costs?.environment },
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
  if (!isAlone) process.stdout.write(`\n== ${job}\n${output}`);
  const counts = [...output.matchAll(/^(.+): (\d+) passed, (\d+) failed$/gm)].map(
    ([, name, passed, failed]) => ({ name, passed: Number(passed), failed: Number(failed) }),
  );
  const failures = [...output.matchAll(/^Failed: .+$/gm)].map(([line]) => line);
  const seconds = Math.round((Date.now() - started) / 1000);
  if (costs)
    process.stdout.write(`\n${costs.table()}\n\n${job}: ${Math.round(cpu)} CPU seconds in ${seconds} s\n`);
  return { code, seconds, counts, failures };
}

function summarise(results) {
  const lines = [...results].map(
    ([job, { code, seconds }]) => `${job}: ${code === 0 ? "passed" : "failed"} in ${seconds} s`,
  );
  const counts = [...results.values()].flatMap((result) => result.counts);
  for (const name of new Set(counts.map((count) => count.name))) {
    const sum = (which) =>
      counts.filter((count) => count.name === name).reduce((total, count) => total + count[which], 0);
    lines.push(`${name}: ${sum("passed")} passed, ${sum("failed")} failed`);
  }
  // Often only the end of a long log is read.
  lines.push(...[...results.values()].flatMap((result) => result.failures));
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
