import type { ActivityPosition, ActivityRow } from "./activity.ts";
import type { TenantScope } from "./scope.ts";

/** The head of a tenant's chain of seals. */
export interface Trail {
  /** The key of the seals, encrypted. */
  sealedKey: string;
  /** The oldest kept seal. */
  firstNumber: number;
  /** The value of the seal before the oldest kept one; empty at the beginning of the chain. */
  anchor: string;
  /** 0 before the first seal. */
  lastNumber: number;
  lastSeal: string;
  /** Entries from before this time were covered when the last seal was made. */
  coveredUntil: number;
  /** Entries from before this time may be gone: their retention period has ended. */
  removedBefore: number;
  mac: string;
}

/** A covered entry: its id, its time and its digest. */
export type CoveredEntry = readonly [id: string, at: number, digest: string];

export interface ActivitySeal {
  number: number;
  /** The value of the seal before. */
  previous: string;
  /** Older entries than this should have been covered before. */
  coversFrom: number;
  coversUntil: number;
  sealedAt: number;
  /** The latest time of its entries. */
  lastAt: number;
  entries: readonly CoveredEntry[];
  seal: string;
}

interface TrailRow {
  sealed_key: string;
  first_number: number;
  anchor: string;
  last_number: number;
  last_seal: string;
  covered_until: number;
  removed_before: number;
  mac: string;
}

interface SealRow {
  number: number;
  previous: string;
  covers_from: number;
  covers_until: number;
  sealed_at: number;
  last_at: number;
  entries: string;
  seal: string;
}

/** An entry as the database has it, with the number of its seal. */
export type SealableEntry = ActivityRow & { seal: number | null };

/** The seals over the activity of one tenant (src/trail/). */
export function tenantActivitySeals(scope: TenantScope) {
  const toTrail = (row: TrailRow | undefined): Trail | null =>
    row
      ? {
          sealedKey: row.sealed_key,
          firstNumber: row.first_number,
          anchor: row.anchor,
          lastNumber: row.last_number,
          lastSeal: row.last_seal,
          coveredUntil: row.covered_until,
          removedBefore: row.removed_before,
          mac: row.mac,
        }
      : null;

  return {
    async trail(): Promise<Trail | null> {
      return toTrail((await scope.rows("activity_trails").first("*")) as TrailRow | undefined);
    },

    /** Begins a trail, unless there is one, and locks it until the end of the transaction. */
    async lock(begin: Trail): Promise<Trail> {
      await scope.insertMany("activity_trails", [trailRow(begin)], "ignore-existing");
      const row: TrailRow = await scope.rows("activity_trails").forUpdate().first("*");
      return toTrail(row) as Trail;
    },

    async save(trail: Trail): Promise<void> {
      await scope.rows("activity_trails").update(trailRow(trail));
    },

    /** Entries without a seal, oldest first. */
    async unsealed(limit: number): Promise<SealableEntry[]> {
      return await scope
        .rows("activity")
        .whereNull("seal")
        .orderBy(["at", "id"])
        .limit(limit)
        .select("activity.*");
    },

    /** Adds a seal, and notes its number at its entries. */
    async add(seal: ActivitySeal): Promise<void> {
      await scope.insert("activity_seals", {
        number: seal.number,
        previous: seal.previous,
        covers_from: seal.coversFrom,
        covers_until: seal.coversUntil,
        sealed_at: seal.sealedAt,
        last_at: seal.lastAt,
        entries: JSON.stringify(seal.entries),
        seal: seal.seal,
      });
      const ids = seal.entries.map(([id]) => id);
      await scope.rows("activity").whereIn("id", ids).update({ seal: seal.number });
    },

    /** The seals from a number on, in order. */
    async from(number: number, limit: number): Promise<ActivitySeal[]> {
      const rows: SealRow[] = await scope
        .rows("activity_seals")
        .where("number", ">=", number)
        .orderBy("number")
        .limit(limit)
        .select("*");
      return rows.map(toSeal);
    },

    async entries(ids: readonly string[]): Promise<SealableEntry[]> {
      return await scope.rows("activity").whereIn("id", ids).select("*");
    },

    /** All entries in order, after a position. */
    async page(after: ActivityPosition | null, limit: number): Promise<SealableEntry[]> {
      const query = scope.rows("activity").orderBy(["at", "id"]).limit(limit);
      if (after) query.whereRaw("(at, id) > (?, ?)", [after.at, after.id]);
      return await query.select("activity.*");
    },

    /** Removes some entries from before a time, and returns how many. */
    async removeOld(before: number, limit: number): Promise<number> {
      const oldest = scope.rows("activity").where("at", "<", before);
      const some = oldest.orderBy("at").limit(limit).select("id");
      return await scope.rows("activity").whereIn("id", some).delete();
    },

    /** Removes the seals before a number. */
    async removeBefore(number: number): Promise<void> {
      await scope.rows("activity_seals").where("number", "<", number).delete();
    },

    /** Forgets all seals: the entries are without one again. */
    async clear(): Promise<void> {
      // The head first: a seal that is being made holds it, and is then deleted, too.
      await scope.rows("activity_trails").delete();
      await scope.rows("activity_seals").delete();
      await scope.rows("activity").whereNotNull("seal").update({ seal: null });
    },
  };
}

function trailRow(trail: Trail): Record<string, unknown> {
  return {
    sealed_key: trail.sealedKey,
    first_number: trail.firstNumber,
    anchor: trail.anchor,
    last_number: trail.lastNumber,
    last_seal: trail.lastSeal,
    covered_until: trail.coveredUntil,
    removed_before: trail.removedBefore,
    mac: trail.mac,
  };
}

function toSeal(row: SealRow): ActivitySeal {
  return {
    number: row.number,
    previous: row.previous,
    coversFrom: row.covers_from,
    coversUntil: row.covers_until,
    sealedAt: row.sealed_at,
    lastAt: row.last_at,
    entries: coveredEntries(row.entries),
    seal: row.seal,
  };
}

/** Empty if the list was damaged: then the seal does not match it. */
function coveredEntries(text: string): CoveredEntry[] {
  try {
    return JSON.parse(text) as CoveredEntry[];
  } catch {
    return [];
  }
}
