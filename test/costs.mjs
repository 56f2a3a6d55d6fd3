import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

/**
 * What tests cost, for `node test/run.mjs … --costs`. On a busy machine CPU seconds say more than the clock does. mocha
 * loads this file into its workers, which write a line for each test file.
 */
const shown = 25;

/** CPU seconds of this process and of the children that it has waited for; 0 on systems without /proc. */
export function cpuSeconds() {
  try {
    // proc(5): after the name, which may contain blanks, utime, stime, cutime and cstime are the 12th to the 15th field.
    const fields = readFileSync("/proc/self/stat", "utf8")
      .replace(/^.*\) /s, "")
      .split(" ")
      .slice(11, 15);
    return fields.reduce((sum, ticks) => sum + Number(ticks) / 100, 0);
  } catch {
    return 0;
  }
}

/** Collects the costs of a job's files; `table()` has the most expensive ones, and removes the record. */
export function openCosts() {
  const folder = mkdtempSync(join(tmpdir(), "starter-costs-"));
  const record = join(folder, "costs");
  appendFileSync(record, "");
  return {
    options: ["--require", "test/costs.mjs"],
    environment: { TEST_COSTS: record },
    table() {
      const lines = readFileSync(record, "utf8").split("\n").filter(Boolean);
      rmSync(folder, { recursive: true });
      const costs = lines.map((line) => JSON.parse(line)).sort((a, b) => b.cpu - a.cpu);
      const row = ({ cpu, seconds, file }) =>
        `${cpu.toFixed(1).padStart(8)} ${seconds.toFixed(1).padStart(8)}  ${file}`;
      return ["   CPU s  seconds  file", ...costs.slice(0, shown).map(row)].join("\n");
    },
  };
}

let before = { cpu: 0, seconds: 0 };

/** A file's cost begins where the worker's previous file ended: it contains what the file is the first to import. */
export const mochaHooks = {
  afterAll() {
    const file = this.test?.parent?.suites[0]?.file;
    if (!process.env.TEST_COSTS || !file) return;
    const after = { cpu: cpuSeconds(), seconds: performance.now() / 1000 };
    const cost = { cpu: after.cpu - before.cpu, seconds: after.seconds - before.seconds };
    appendFileSync(process.env.TEST_COSTS, `${JSON.stringify({ file: relative(".", file), ...cost })}\n`);
    before = after;
  },
};
