import type { Mutant } from "./mutations.ts";
import { grouped, roomOf } from "./rooms.ts";

/** The result of trying a mutant. */
export interface MutantResult {
  mutant: Mutant;
  fate: "killed" | "timed out" | "SURVIVED" | "equivalent" | "not tried";
  /** The test that failed. */
  by: string;
}

const columns = ["killed", "timed out", "SURVIVED", "equivalent", "not tried"] as const;

export function asLine({ mutant, fate, by }: MutantResult): string {
  return `${placeOf(mutant)}: ${fate}${by && ` by: ${by.replaceAll(/\s+/g, " ")}`}`;
}

/** A row for each folder, and the survivors. */
export function asTable(results: readonly MutantResult[]): string {
  const rooms = grouped(results, ({ mutant }) => roomOf(mutant.path));
  const rows = [...rooms, ["all", results] as const].map(([room, its]) => [
    room,
    its.length,
    ...columns.map((fate) => its.filter((one) => one.fate === fate).length),
  ]);
  const lines = [["room", "mutants", ...columns], ...rows].map((row) => row.map(String));
  const width = (column: number) => Math.max(...lines.map((line) => line[column]?.length ?? 0));
  const table = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(width(column)))
      .join("  ")
      .trimEnd(),
  );
  const survivors = results.filter(({ fate }) => fate === "SURVIVED").map(asLine);
  return ["", ...table, "", ...(survivors.length > 0 ? survivors : ["No survivors."])].join("\n");
}

function placeOf({ path, line, inside, code, change }: Mutant): string {
  return `${path}:${line} ${inside && `(${inside}) `}${change}: ${code.slice(0, 120)}`;
}
