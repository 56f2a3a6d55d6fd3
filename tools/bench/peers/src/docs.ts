import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { plot } from "./plot.ts";
import { asMarkdown, type PeersReport, parts, type Row } from "./report.ts";

/** The lines between which the page's generated part is. */
export const marks = {
  begin: "<!-- written by tools/bench/peers { -->",
  end: "<!-- written by tools/bench/peers } -->",
} as const;

export const pictureName = (part: Row["part"]) => `peers-${part}.svg`;

/** The page with the report in it. Throws if its marks are missing. */
export function withReport(page: string, report: PeersReport): string {
  const begin = page.indexOf(marks.begin);
  const end = page.indexOf(marks.end);
  if (begin < 0 || end < begin)
    throw new Error(`the page has no line ${marks.begin} with ${marks.end} after it`);
  const pictures = (Object.keys(parts) as Row["part"][])
    .filter((part) => report.rows.some((row) => row.part === part))
    .map((part) => `![${parts[part]}: the figures of the table as bars](pictures/${pictureName(part)})`);
  const written = [marks.begin, "", asMarkdown(report), "", ...pictures.flatMap((one) => [one, ""])].join(
    "\n",
  );
  return `${page.slice(0, begin)}${written}${page.slice(end)}`;
}

/** Writes the report into docs/reference/benchmark.md, and its pictures next to it. @param folder docs/reference */
export function writeDocs(folder: string, report: PeersReport): void {
  const page = `${folder}/benchmark.md`;
  mkdirSync(`${folder}/pictures`, { recursive: true });
  for (const part of Object.keys(parts) as Row["part"][])
    writeFileSync(`${folder}/pictures/${pictureName(part)}`, plot(report, part));
  writeFileSync(page, withReport(readFileSync(page, "utf8"), report));
}
