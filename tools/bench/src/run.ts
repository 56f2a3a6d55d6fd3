import type { Engine } from "../../../test/helpers/databases.ts";
import type { Sizes } from "./options.ts";
import type { Line } from "./report.ts";
import type { World } from "./world.ts";

/** What a part of the benchmark works with. */
export interface BenchRun {
  engine: Engine;
  sizes: Sizes;
  /** The tenant with `sizes.users` users. Parts leave more users in it than they found. */
  world: World;
  /** Adds a line to the report. Targets are for SQLite alone unless `both` says otherwise. */
  add(what: string, value: number, unit: string, target?: Line["target"], both?: "both"): void;
}

export const atLeast = (value: number): Line["target"] => ({ comparison: ">=", value });
export const atMost = (value: number): Line["target"] => ({ comparison: "<=", value });

/** The groups of every world, by their place in SeededTenant.groups. */
export const groups = { patched: 0, ten: 1, largest: 2 } as const;
