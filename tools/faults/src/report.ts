import type { Engine } from "../../../test/helpers/databases.ts";
import { type Fault, isPlanned } from "./faults.ts";
import type { Comparison } from "./ledger.ts";
import { type ClientKind, kinds, type Load } from "./load.ts";

/** The outcome of one fault on one engine. */
export interface Row {
  fault: Fault;
  engine: Engine;
  counts: Load["counts"];
  requests: number;
  surprises: readonly string[];
  /** From the log of the application. */
  errors: readonly string[];
  compared: Comparison;
  sessionsLost: number;
  /** From the beginning of the repair until every kind of client was served again; null if that took too long. */
  recoverySeconds: number | null;
  hasCrashed: boolean;
}

/** The things that must not happen, in words. Empty if all is well. */
export function problemsOf(row: Row): string[] {
  const { fault, engine, counts, compared, sessionsLost, recoverySeconds, hasCrashed } = row;
  const unplanned = [...counts].flatMap(([kind, outcomes]) =>
    [...outcomes.keys()].filter((one) => !isPlanned(fault, kind, one)).map((one) => `${kind}: ${one}`),
  );
  const isInDoubt = fault.cutsCommits === true && engine === "PostgreSQL";
  const denied = isInDoubt ? [] : compared.denied;
  return [
    ...unplanned.map((what) => `unplanned answer: ${what}`),
    ...compared.lost.map((what) => `lost write: ${what}`),
    ...denied.map((what) => `written, although the client was told otherwise: ${what}`),
    ...(sessionsLost > 0 ? [`${sessionsLost} sessions were lost`] : []),
    ...(recoverySeconds === null ? ["the application did not recover"] : []),
    ...(hasCrashed ? ["the application ended by itself"] : []),
  ];
}

const columns = [
  ...["fault", "engine", "requests", ...kinds],
  ...["acknowledged", "lost", "unanswered, there", "503, there", "sessions lost", "back after"],
];

export const heading = [lineOf(columns), lineOf(columns.map(() => "---"))].join("\n");

export function asLine(row: Row): string {
  const { fault, engine, requests, compared, sessionsLost, recoverySeconds } = row;
  return lineOf([
    ...[fault.name, engine, String(requests)],
    ...kinds.map((kind) => outcomesOf(row, kind)),
    ...[
      compared.acknowledged,
      compared.lost.length,
      compared.unanswered,
      compared.denied.length,
      sessionsLost,
    ].map(String),
    recoverySeconds === null ? "never" : `${recoverySeconds.toFixed(1)} s`,
  ]);
}

/** For a fault that this machine cannot make. */
export function notRun({ name }: Fault, engine: Engine, reason: string): string {
  return lineOf([name, engine, `not run: ${reason}`, ...columns.slice(3).map(() => "")]);
}

function outcomesOf({ counts }: Row, kind: ClientKind): string {
  const outcomes = [...(counts.get(kind) ?? [])].sort(([one], [other]) => rank(one) - rank(other));
  return outcomes.map(([outcome, count]) => `${outcome}: ${count}`).join(", ") || "–";
}

const rank = (outcome: string) => (outcome === "ok" ? 0 : 1);

function lineOf(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
