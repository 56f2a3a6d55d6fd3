import type { Engine } from "../../../test/helpers/databases.ts";
import type { Sizes } from "./options.ts";
import type { ReportLine } from "./report.ts";
import type { World } from "./world.ts";

/** A target for SQLite only, unless `onBoth` says otherwise. */
type Target = NonNullable<ReportLine["target"]> & { onBoth: boolean };

/** The context of every part of the benchmark. */
export interface BenchRun {
  engine: Engine;
  sizes: Sizes;
  /** The world with `sizes.users` users. Each part may leave more users in it. */
  world: World;
  /** Adds a line to the report. */
  add(what: string, value: number, unit: string, target?: Target): void;
}

export const atLeast = (value: number, engines: "SQLite" | "both" = "SQLite"): Target => ({
  comparison: ">=",
  value,
  onBoth: engines === "both",
});
export const atMost = (value: number, engines: "SQLite" | "both" = "SQLite"): Target => ({
  comparison: "<=",
  value,
  onBoth: engines === "both",
});

/** The positions of every world's groups in SeededTenant.groups. */
export const groups = { patched: 0, ten: 1, largest: 2 } as const;
