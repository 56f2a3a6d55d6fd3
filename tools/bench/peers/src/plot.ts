import { type ContenderName, contenderNames } from "./options.ts";
import { type Cell, figureOf, markOf, type PeersReport, parts, type Row } from "./report.ts";

const width = 760;
const labelWidth = 150;
const barWidth = 380;
const barHeight = 16;
const barStep = 21;
const headStep = 26;
const rowGap = 14;
const top = 62;

/** The colours of a light page and of a dark one. Names and figures are written, so no colour carries a meaning alone. */
const style = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 17px; font-weight: 600 }
  .row { font-weight: 600 }
  .quiet { fill: #59636e }
  .track { fill: #eaeef2 }
  .own { fill: #0a5fd0 }
  .peer { fill: #8a94a0 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .quiet { fill: #9aa5b1 }
    .track { fill: #2a313a }
    .own { fill: #5aa2ff }
    .peer { fill: #77828e }
  }`;

/**
 * Draws one part of the report as bars. Bars of speed have the length of a share of the fastest program's speed; those of start
 * and memory have the length of a share of the largest amount, so there the shortest one is best.
 */
export function plot(report: PeersReport, part: Row["part"]): string {
  const rows = report.rows.filter((row) => row.part === part);
  const names = contenderNames.filter((name) => report.contenders.some((one) => one.name === name));
  const isAmount = part === "start";
  const rowHeight = headStep + names.length * barStep + rowGap;
  const height = top + rows.length * rowHeight;
  const title = `${parts[part]}: this application and its peers`;
  const hint = isAmount
    ? "A shorter bar is better."
    : "A longer bar is faster. The letters are explained below the table.";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="desc">${escaped(description(rows, names))}</desc>`,
    `<style>${style}\n</style>`,
    `<text class="title" x="8" y="24">${escaped(title)}</text>`,
    `<text class="quiet" x="8" y="45">${escaped(hint)}</text>`,
    ...rows.flatMap((row, at) => rowOf(row, names, top + at * rowHeight, isAmount)),
    "</svg>",
    "",
  ].join("\n");
}

function rowOf(row: Row, names: readonly ContenderName[], y: number, isAmount: boolean): string[] {
  const values = names.map((name) => row.cells[name]?.value ?? null);
  const measured = values.filter((value) => value !== null);
  const most = Math.max(...measured);
  const least = Math.min(...measured);
  const share = (value: number) => {
    if (isAmount || row.better === "higher") return value / most;
    return least / value;
  };
  return [
    `<text class="row" x="8" y="${y + 14}">${escaped(plain(row.title))}</text>`,
    ...names.flatMap((name, at) => {
      const cell = row.cells[name];
      const barY = y + headStep + at * barStep;
      const length = cell?.value == null ? 0 : Math.max(1.5, share(cell.value) * barWidth);
      const kind = name === "this application" ? "own" : "peer";
      return [
        `<text x="8" y="${barY + 13}">${escaped(name)}</text>`,
        `<rect class="track" x="${labelWidth}" y="${barY}" width="${barWidth}" height="${barHeight}" rx="3"/>`,
        ...(length === 0
          ? []
          : [
              `<rect class="${kind}" x="${labelWidth}" y="${barY}" width="${length.toFixed(1)}" height="${barHeight}" rx="3"/>`,
            ]),
        `<text x="${labelWidth + barWidth + 10}" y="${barY + 13}">${escaped(caption(row, cell))}</text>`,
      ];
    }),
  ];
}

function caption({ unit }: Row, cell: Cell | undefined): string {
  const marks = cell && cell.notes.length > 0 ? ` [${cell.notes.map(markOf).join(" ")}]` : "";
  return `${cell?.value == null ? "not measured" : `${figureOf(cell.value)} ${unit}`}${marks}`;
}

function description(rows: readonly Row[], names: readonly ContenderName[]): string {
  return rows
    .map(
      (row) =>
        `${plain(row.title)}: ${names.map((name) => `${name} ${caption(row, row.cells[name])}`).join(", ")}.`,
    )
    .join(" ");
}

const plain = (title: string) => title.replaceAll("`", "");

function escaped(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}
