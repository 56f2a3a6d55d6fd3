import type { Weight } from "../../../test/helpers/weigh.ts";
import type { WeightsByName } from "./weigh.ts";

const columns: [head: string, value: (weight: Weight) => string][] = [
  ["requests", ({ requests }) => String(requests)],
  ["KB", ({ bytes }) => kilobytes(bytes)],
  ["script KB", ({ scriptBytes }) => kilobytes(scriptBytes)],
  ["picture KB", ({ pictureBytes }) => kilobytes(pictureBytes)],
  ["shift", ({ shift }) => shift.toFixed(3)],
  ["first paint ms", ({ paint }) => String(paint)],
];

/** The weights as a Markdown table; of two builds as "before → after". */
export function asMarkdown(before: WeightsByName, after: WeightsByName = before): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const cells = (name: string) =>
    columns.map(([, value]) => {
      const [old, now] = [before[name], after[name]].map((weight) => (weight ? value(weight) : "–"));
      return before === after ? now : `${old} → ${now}`;
    });
  const rows = [
    ["page", ...columns.map(([head]) => head)],
    ["---", ...columns.map(() => "---:")],
    ...names.map((name) => [name, ...cells(name)]),
  ];
  return rows.map((row) => `| ${row.join(" | ")} |\n`).join("");
}

function kilobytes(bytes: number): string {
  return (bytes / 1_000).toFixed(1);
}
