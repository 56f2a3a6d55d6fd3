import { createLog } from "../../src/log.ts";
import type { Database } from "../../src/store/database.ts";
import { sealer } from "../../src/store/secrets.ts";
import type { ActivitySeal, CoveredEntry, Trail } from "../../src/store/tenant/activity-seals.ts";
import type { TrailDeps } from "../../src/trail/sealing.ts";
import { dataKey } from "./cli.ts";

/** The dependencies of the background work of src/trail/, with the key of runCommand(). */
export function trailDeps(database: Database, now?: () => number): TrailDeps {
  return { database, sealer: sealer(dataKey), log: createLog("silent"), ...(now ? { now } : {}) };
}

/** A trail as the database has it, not computed with a key. */
export function newTrailRow(): Trail {
  const position = { firstNumber: 1, anchor: "", lastNumber: 1, lastSeal: "x", coveredUntil: 1 };
  return { sealedKey: "x", ...position, removedBefore: 0, mac: "x" };
}

export function newSeal(entries: readonly CoveredEntry[]): ActivitySeal {
  const times = { coversFrom: 0, coversUntil: 1, sealedAt: 1, lastAt: 1 };
  return { number: 1, previous: "", ...times, entries, seal: "x" };
}
