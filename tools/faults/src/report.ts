import type { Engine } from "../../../test/helpers/databases.ts";
import type { PlannedFault } from "./fault.ts";
import { isExplained } from "./faults.ts";
import type { Reckoning } from "./ledger.ts";
import { kinds, type LoadKind, type Outcome, type Tally } from "./load.ts";

/** The effects of one fault on one engine. */
export interface Row {
  fault: PlannedFault;
  engine: Engine;
  tallies: readonly Tally[];
  /** The answer of the fault's `isFelt`; null if it has none. */
  wasFelt: boolean | null;
  surprises: readonly string[];
  /** From the log of the application. */
  errors: readonly string[];
  compared: Reckoning;
  sessionsLost: number;
  /** From the beginning of the repair until each client was served again; null if that took too long. */
  recoverySeconds: number | null;
  hasCrashed: boolean;
}

/** The things that must not happen, in words. Empty if all is well. */
export function problemsOf(row: Row): string[] {
  const { fault, engine, tallies, compared, sessionsLost, recoverySeconds, hasCrashed } = row;
  const unplanned = tallies.filter((one) => !isExplained(fault, one)).map(asWords);
  const isInDoubt = fault.cutsCommits === true && engine === "PostgreSQL";
  const denied = isInDoubt ? [] : compared.denied;
  return [
    ...[...new Set(unplanned)].map((what) => `unplanned answer: ${what}`),
    ...(hadEffect(row) ? [] : ["the fault had no effect"]),
    ...compared.lost.map((what) => `lost write: ${what}`),
    ...denied.map((what) => `written, although the client was told otherwise: ${what}`),
    ...(sessionsLost > 0 ? [`${sessionsLost} sessions were lost`] : []),
    ...(recoverySeconds === null ? ["the application did not recover"] : []),
    ...(hasCrashed ? ["the application ended by itself"] : []),
  ];
}

/** A fault that breaks nothing proves nothing. */
function hadEffect({ fault, tallies, wasFelt }: Row): boolean {
  if (wasFelt !== null) return wasFelt;
  return tallies.some((one) => {
    if (one.outcome === "ok" || !isExplained(fault, one)) return false;
    return !fault.stopsWrites || (one.outcome === "503" && one.purpose === "write");
  });
}

function asWords({ kind, outcome, purpose, phase }: Tally): string {
  const what = outcome === "ok" && purpose === "identity" ? "accepted without the keys" : outcome;
  return `${kind}: ${what} (${phase})`;
}

const columns = [
  ...["fault", "engine", "requests", ...kinds],
  ...["acknowledged", "lost", "unanswered, there", "503, there", "sessions lost", "back after"],
];

export const heading = [lineOf(columns), lineOf(columns.map(() => "---"))].join("\n");

export function asLine(row: Row): string {
  const { fault, engine, tallies, compared, sessionsLost, recoverySeconds } = row;
  const requests = tallies.reduce((sum, { count }) => sum + count, 0);
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
export function notRun({ name }: PlannedFault, engine: Engine, reason: string): string {
  return lineOf([name, engine, `not run: ${reason}`, ...columns.slice(3).map(() => "")]);
}

function outcomesOf({ tallies }: Row, kind: LoadKind): string {
  const counts = new Map<Outcome, number>();
  for (const { outcome, count } of tallies.filter((one) => one.kind === kind))
    counts.set(outcome, (counts.get(outcome) ?? 0) + count);
  const outcomes = [...counts].sort(([one], [other]) => rank(one) - rank(other));
  return outcomes.map(([outcome, count]) => `${outcome}: ${count}`).join(", ") || "–";
}

const rank = (outcome: string) => (outcome === "ok" ? 0 : 1);

function lineOf(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
