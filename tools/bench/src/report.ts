import { cpus, totalmem } from "node:os";
import type { Engine } from "../../../test/helpers/databases.ts";
import type { Sizes } from "./options.ts";

/** One line of the table. */
export interface ReportLine {
  engine: Engine;
  part: string;
  what: string;
  value: number;
  unit: string;
  /** null for a value without a target. */
  target: { comparison: "<=" | ">="; value: number } | null;
  /** False if this engine need not meet the target. */
  required: boolean;
}

export interface BenchReport {
  date: string;
  machine: { cpu: string; cores: number; memoryGb: number; system: string };
  node: string;
  databases: Record<string, string>;
  sizes: Sizes;
  lines: ReportLine[];
}

export function describeMachine(): Pick<BenchReport, "date" | "machine" | "node"> {
  const cores = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: {
      cpu: cores[0]?.model.trim() ?? "unknown",
      cores: cores.length,
      memoryGb: Math.round(totalmem() / 2 ** 30),
      system: `${process.platform} ${process.arch}`,
    },
    node: process.version,
  };
}

function isMet({ value, target }: ReportLine): boolean {
  if (!target) return true;
  return target.comparison === "<=" ? value <= target.value : value >= target.value;
}

/** Whether every required target is met. */
export function allMet({ lines }: BenchReport): boolean {
  return lines.every((line) => !line.required || isMet(line));
}

/** The report as a Markdown table, below a description of the machine. */
export function asTable({ date, machine, node, databases, sizes, lines }: BenchReport): string {
  const rows = lines.map((line) => [
    line.engine,
    line.part,
    line.what,
    `${rounded(line.value)} ${line.unit}`.trim(),
    line.target ? `${line.target.comparison} ${line.target.value}` : "",
    verdict(line),
  ]);
  const all = [["engine", "part", "what", "measured", "target", ""], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  const text = all.map((row) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`);
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  const { cpu, cores, memoryGb, system } = machine;
  return [
    `${date}, ${cores} × ${cpu}, ${memoryGb} GB, ${system}, Node ${node}`,
    Object.entries(databases)
      .map(([name, version]) => `${name} ${version}`)
      .join(", "),
    `${sizes.users} users in the tenant, ${sizes.members} members in the group, growth from ${sizes.smallUsers} to ${sizes.grownUsers} users`,
    "",
    text[0],
    rule,
    ...text.slice(1),
  ].join("\n");
}

function verdict(line: ReportLine): string {
  if (!line.target) return "";
  if (isMet(line)) return "pass";
  return line.required ? "MISS" : "miss (not required)";
}

function rounded(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
