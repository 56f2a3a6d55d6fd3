/** `npm run walks`: which files does one request execute, and which of them explain it? README.md has the columns. */
import { parseArgs } from "node:util";
import { type MeasuredWalk, measureWalks } from "./walks.ts";

const usage = "npm run walks -- [--json]";

try {
  const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
  const walks = await measureWalks();
  process.stdout.write(values.json ? asJson(walks) : asTable(walks));
} catch (error) {
  if (!(error instanceof TypeError && "code" in error)) throw error;
  process.stderr.write(`${error.message}\n\n${usage}\n`);
  process.exitCode = 2;
}

function asTable(walks: readonly MeasuredWalk[]): string {
  const row = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell, at) => (at === 0 ? String(cell).padEnd(16) : String(cell).padStart(9))).join(" | ")} |`;
  const lines = walks.map(({ name, executed, toRead }) =>
    row([name, executed.size, functionsIn(executed), toRead.length]),
  );
  const read = walks.map(({ name, toRead }) => `${name}:\n${toRead.map((path) => `  ${path}\n`).join("")}`);
  return [
    row(["walk", "executed", "functions", "to read"]),
    row(["-".repeat(16), "-".repeat(9), "-".repeat(9), "-".repeat(9)]),
    ...lines,
    "",
    ...read,
  ].join("\n");
}

function asJson(walks: readonly MeasuredWalk[]): string {
  const rows = walks.map(({ name, executed, toRead }) => ({
    name,
    executed: executed.size,
    functions: functionsIn(executed),
    toRead,
    files: Object.fromEntries(executed),
  }));
  return `${JSON.stringify(rows, null, 2)}\n`;
}

function functionsIn(executed: MeasuredWalk["executed"]): number {
  return [...executed.values()].reduce((sum, names) => sum + names.length, 0);
}
