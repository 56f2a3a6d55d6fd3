import { type ContenderName, contenderNames, type Sizes } from "./options.ts";

/** The figure of one program for one operation. */
export interface Cell {
  /** null if nothing was measured; the notes say why. */
  value: number | null;
  /** How many times as good this application is; null for itself and where nothing was measured. */
  ratio: number | null;
  /** Positions in the report's notes, from 0. */
  notes: number[];
}

export interface Row {
  key: string;
  title: string;
  unit: "/s" | "ms" | "MB";
  better: "higher" | "lower";
  /** The picture and table that have the row. */
  part: "scim" | "sign-in" | "start";
  cells: Partial<Record<ContenderName, Cell>>;
}

export interface PeersReport {
  date: string;
  machine: { cpu: string; cores: number; memoryGb: number; system: string };
  node: string;
  sizes: Sizes;
  users: number;
  contenders: { name: ContenderName; version: string; members: number }[];
  rows: Row[];
  /** Say why an answer is wrong, or why a figure is missing. Marks in the tables lead here. */
  notes: string[];
}

export const parts: Record<Row["part"], string> = {
  scim: "SCIM",
  "sign-in": "Sign-ins",
  start: "Start and memory",
};

/** Differences between the programs that matter to the figures of a table. Printed below it. */
const remarks: Partial<Record<Row["part"], string>> = {
  "sign-in":
    "The figure of this application includes the request to `/finish`, which makes the session after a SAML response. saml-jackson makes no session, and its program lets one request in at a time.",
  start:
    "Memory is measured after unequal work: in the same time a faster program has answered more requests, and not every program does everything.",
};

/** Adds a note once, and returns its position. */
export function noteOf(report: Pick<PeersReport, "notes">, text: string): number {
  const known = report.notes.indexOf(text);
  return known >= 0 ? known : report.notes.push(text) - 1;
}

/** a, b, … z, aa, ab, … */
export function markOf(note: number): string {
  const letter = String.fromCharCode(97 + (note % 26));
  return note < 26 ? letter : markOf(Math.floor(note / 26) - 1) + letter;
}

const namesIn = ({ contenders }: PeersReport) =>
  contenderNames.filter((name) => contenders.some((one) => one.name === name));

/** The report as Markdown: the machine, a table for each part, the notes and the losses. */
export function asMarkdown(report: PeersReport): string {
  const { date, machine, node, sizes, users, contenders } = report;
  const smaller = contenders.filter(({ members }) => members < sizes.members);
  const sections = (Object.keys(parts) as Row["part"][]).flatMap((part) => tableOf(report, part));
  return [
    `Measured on ${date} on ${machine.cores} cores (${machine.cpu}), ${machine.memoryGb} GB, ${machine.system}, Node ${node}, with`,
    `${contenders
      .map(({ version }) => version)
      .filter(Boolean)
      .join(", ")}.`,
    `${users} users, ${sizes.members} of them in the changed group${smaller
      .map(({ name, members }) => ` (${members} for ${name}, which allows 1,000)`)
      .join("")}, ${sizes.clients} clients, the median of ${sizes.rounds} rounds.`,
    "The number in brackets says how many times as fast, or as small, this application is: below 1 it loses.",
    "Only right answers count. A letter marks a wrong answer, or says why a figure is missing.",
    "",
    ...sections,
    ...notesOf(report),
    ...lossesOf(report),
  ].join("\n");
}

function tableOf(report: PeersReport, part: Row["part"]): string[] {
  const names = namesIn(report);
  const rows = report.rows
    .filter((row) => row.part === part)
    .map((row) => [row.title, ...names.map((name) => cellText(row, row.cells[name]))]);
  if (rows.length === 0) return [];
  const all = [[parts[part], ...names], ...rows];
  const text = remarks[part];
  const remark = text ? [text, ""] : [];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  const [head, ...body] = all.map(
    (row) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`,
  );
  return [head ?? "", `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...body, "", ...remark];
}

function cellText({ unit }: Row, cell: Cell | undefined): string {
  if (!cell) return "–";
  const figure = cell.value === null ? "–" : `${figureOf(cell.value)} ${unit}`;
  const ratio = cell.ratio === null ? "" : ` (${figureOf(cell.ratio)} ×)`;
  const marks = cell.notes.map((note) => ` ${markOf(note)}`).join("");
  return `${figure}${ratio}${marks}`;
}

export function figureOf(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function notesOf({ notes }: PeersReport): string[] {
  if (notes.length === 0) return [];
  return ["What the letters say:", "", ...notes.map((text, at) => `- **${markOf(at)}**: ${text}.`), ""];
}

/** Each figure in which a peer is ahead, as a sentence. */
export function lossesOf(report: PeersReport): string[] {
  const losses = report.rows.flatMap((row) => namesIn(report).flatMap((name) => lossOf(row, name)));
  if (losses.length === 0) return ["Where this application loses: in none of these figures."];
  return ["Where this application loses:", "", ...losses.map((text) => `- ${text}`)];
}

function lossOf({ title, unit, cells }: Row, name: ContenderName): string[] {
  const cell = cells[name];
  const own = cells["this application"];
  if (!cell || cell.ratio === null || cell.ratio >= 1 || cell.value === null || own?.value == null) return [];
  const marks = cell.notes.length === 0 ? "" : ` (see ${cell.notes.map(markOf).join(", ")})`;
  const figures = `${figureOf(cell.value)} ${unit} against ${figureOf(own.value)} ${unit}`;
  return [`${title}: ${name} has ${figures}, ${figureOf(cell.ratio)} ×${marks}.`];
}
