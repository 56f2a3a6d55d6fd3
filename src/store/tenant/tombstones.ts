import type { Identity, Tombstone } from "../../model.ts";
import { nameKey } from "../text-keys.ts";
import type { TenantScope } from "./scope.ts";

interface TombstoneRow {
  id: string;
  login_name: string;
  login_name_key: string;
  created_at: number;
}

const columns = ["id", "login_name", "login_name_key", "created_at"];

/** The position of a list's last row. */
export interface TombstonePosition {
  key: string;
  id: string;
}

function toTombstone(row: TombstoneRow): Tombstone {
  return { id: row.id, loginName: row.login_name, createdAt: row.created_at };
}

/** Deleted people who may not be created just in time again. */
export function tenantTombstones(scope: TenantScope, now: () => number) {
  return {
    async add(id: string, loginName: string, identities: readonly Identity[]): Promise<void> {
      const row = { id, login_name: loginName, login_name_key: nameKey(loginName), created_at: now() };
      await scope.insert("tombstones", row);
      const subjects = identities.map(({ connectionId, subject }) => ({
        tombstone_id: id,
        connection_id: connectionId,
        subject,
      }));
      await scope.insertMany("tombstone_subjects", subjects);
    },

    /** Whether the person was deleted: by the name they sign in with, or by the subject they signed in as. */
    async forbids(loginName: string, connectionId: string, subject: string): Promise<boolean> {
      const byName = await scope.rows("tombstones").where("login_name_key", nameKey(loginName)).first("id");
      if (byName) return true;
      const bySubject = scope.rows("tombstone_subjects").where({ connection_id: connectionId, subject });
      return (await bySubject.first("tombstone_id")) !== undefined;
    },

    async list(): Promise<Tombstone[]> {
      const query = scope.rows("tombstones").orderBy(["created_at", "id"]);
      return ((await query.select(columns)) as TombstoneRow[]).map(toTombstone);
    },

    /** The tombstones whose login names begin with `prefix`, sorted by login name, after the position `after`. */
    async page(
      prefix: string,
      after: TombstonePosition | null,
      limit: number,
    ): Promise<{ tombstones: Tombstone[]; next: TombstonePosition | null }> {
      const key = nameKey(prefix);
      const query = scope
        .rows("tombstones")
        .where("login_name_key", ">=", after?.key ?? key)
        .where("login_name_key", "<", `${key}\u{10ffff}`);
      if (after) query.whereRaw("(login_name_key, id) > (?, ?)", [after.key, after.id]);
      const ordered = query.orderBy(["login_name_key", "id"]).limit(limit + 1);
      const rows = (await ordered.select(columns)) as TombstoneRow[];
      const last = rows.length > limit ? rows[limit - 1] : undefined;
      return {
        tombstones: rows.slice(0, limit).map(toTombstone),
        next: last ? { key: last.login_name_key, id: last.id } : null,
      };
    },

    /** Removes a tombstone. Returns whether it existed. */
    async lift(id: string): Promise<boolean> {
      return ((await scope.rows("tombstones").where("id", id).delete()) as number) > 0;
    },

    /** Removes the tombstones of a login name. Returns whether there were any. */
    async liftByLoginName(loginName: string): Promise<boolean> {
      const found = scope.rows("tombstones").where("login_name_key", nameKey(loginName));
      return ((await found.delete()) as number) > 0;
    },
  };
}
