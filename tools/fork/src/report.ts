import type { Change } from "./files.ts";

/** Lists each change, file by file, and the steps that are left to the person. */
export function report(changes: readonly Change[], remaining: readonly string[], guide = true): string {
  const whatBy = new Map<string, string[]>();
  for (const { path, what } of changes) {
    const known = whatBy.get(path) ?? [];
    if (!known.includes(what)) whatBy.set(path, [...known, what]);
  }
  const done = [...whatBy]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, what]) => `  ${path}: ${what.join(", ")}`);
  if (guide) done.push("  docs/guides/, docs/oin/, docs/explanation/pictures/: written again");
  return [
    `Changed, ${whatBy.size} files:`,
    ...done,
    "",
    "Left to you:",
    ...remaining.map((line) => `  ${line}`),
  ].join("\n");
}
