import { ConflictError, NotFoundError } from "../../errors.ts";
import type { AssignableRole, Group } from "../../model.ts";
import { mapUniqueViolation } from "../sql-errors.ts";
import { nameKey } from "../text-keys.ts";
import type { TenantScope } from "./scope.ts";
import { findPosition, recordGap, type Search, type SearchResult, searchRows } from "./search.ts";

interface GroupRow {
  id: string;
  seq: number;
  display_name: string;
  source_id: string | null;
  source_key: string | null;
  version: number;
  created_at: number;
  updated_at: number;
}

export interface NewGroup {
  id: string;
  displayName: string;
  sourceId: string | null;
  sourceKey: string | null;
}

export type GroupChanges = Partial<Pick<Group, "displayName" | "sourceId" | "sourceKey">>;

const columns = [
  "id",
  "seq",
  "display_name",
  "source_id",
  "source_key",
  "version",
  "created_at",
  "updated_at",
];

const toGroup = (row: GroupRow): Group => ({
  id: row.id,
  seq: row.seq,
  displayName: row.display_name,
  sourceId: row.source_id,
  sourceKey: row.source_key,
  version: row.version,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const conflicts = {
  display_name_key: () =>
    new ConflictError("group-name-taken", "Another group of this tenant has this name."),
};

interface GroupsPage {
  groups: Group[];
  /** The position after which the next page begins; null on the last page. */
  next: string | null;
}

/** The groups of one tenant. For their members see tenantGroupMembers. */
export function tenantGroups(scope: TenantScope, now: () => number) {
  const orNull = (row: GroupRow | undefined) => (row ? toGroup(row) : null);

  return {
    ...lists(scope),

    /** Throws ConflictError if the name is taken. */
    async create(group: NewGroup): Promise<Group> {
      return await scope.atomically(async (inside) => {
        const count = {
          group_seq: inside.increment("group_seq", 1),
          group_count: inside.increment("group_count", 1),
        };
        const [counter] = (await inside.tenantRow().update(count).returning("group_seq")) as {
          group_seq: number;
        }[];
        if (!counter) throw new NotFoundError("There is no such tenant.");
        const at = now();
        const row = { ...toRow(group), id: group.id, seq: counter.group_seq, created_at: at, updated_at: at };
        const insert = inside.insert("groups", row).returning(columns);
        const [created] = (await mapUniqueViolation(insert, conflicts)) as GroupRow[];
        return toGroup(created as GroupRow);
      });
    },

    async byId(id: string): Promise<Group | null> {
      return orNull((await scope.rows("groups").where("id", id).first(columns)) as GroupRow | undefined);
    },

    /** Like byId, and locks the row until the transaction ends. */
    async lock(id: string): Promise<Group | null> {
      return orNull(
        (await scope.rows("groups").where("id", id).forUpdate().first(columns)) as GroupRow | undefined,
      );
    },

    async byName(displayName: string): Promise<Group | null> {
      const query = scope.rows("groups").where("display_name_key", nameKey(displayName));
      return orNull((await query.first(columns)) as GroupRow | undefined);
    },

    async page(afterSeq: number, limit: number): Promise<Group[]> {
      const query = scope.rows("groups").where("seq", ">", afterSeq).orderBy("seq").limit(limit);
      return ((await query.select(columns)) as GroupRow[]).map(toGroup);
    },

    /** A page of the list that begins at a position; 1 is the first. */
    async pageFrom(position: number, limit: number): Promise<SearchResult<Group>> {
      const { seq, total } = await findPosition(scope, "groups", position);
      if (position > total || limit === 0) return { rows: [], total };
      const query = scope.rows("groups").where("seq", ">=", seq).orderBy("seq").limit(limit);
      return { rows: ((await query.select(columns)) as GroupRow[]).map(toGroup), total };
    },

    /** May read every row of the tenant: see searchRows. */
    async search(search: Search): Promise<SearchResult<Group>> {
      const { rows, total } = await searchRows<GroupRow>(scope, "groups", columns.join(", "), search);
      return { rows: rows.map(toGroup), total };
    },

    async count(): Promise<number> {
      const row = (await scope.tenantRow().first("group_count")) as { group_count: number } | undefined;
      return row?.group_count ?? 0;
    },

    /** Throws NotFoundError, and ConflictError as create does. An empty change only increments the version. */
    async update(id: string, changes: GroupChanges): Promise<Group> {
      const change = scope
        .rows("groups")
        .where("id", id)
        .update({ ...toRow(changes), version: scope.increment("version", 1), updated_at: now() })
        .returning(columns);
      const [row] = (await mapUniqueViolation(change, conflicts)) as GroupRow[];
      if (!row) throw new NotFoundError("There is no such group.");
      return toGroup(row);
    },

    /** Removes a group; its members remain users. Returns whether it existed. */
    async remove(id: string): Promise<boolean> {
      return await scope.atomically(async (inside) => {
        const row = (await inside.rows("groups").where("id", id).first("seq")) as { seq: number } | undefined;
        if (!row || ((await inside.rows("groups").where("id", id).delete()) as number) === 0) return false;
        await inside.tenantRow().update({ group_count: inside.increment("group_count", -1) });
        await recordGap(inside, "groups", row.seq);
        return true;
      });
    },

    async ofUser(userId: string): Promise<Group[]> {
      const query = scope.rows("group_members").where("group_members.user_id", userId);
      scope.join(query, "groups", "id", "group_members.group_id");
      const rows = (await query.select(columns.map((column) => `groups.${column}`))) as GroupRow[];
      // Sorted here, because SQLite would otherwise read all groups of the tenant in order.
      return rows.map(toGroup).sort((one, other) => one.seq - other.seq);
    },
  };
}

/** The lists of the admin console. */
function lists(scope: TenantScope) {
  return {
    /** The groups whose names begin with `prefix`, ignoring case, sorted by name. `after` is the previous page's `next`. */
    async find(prefix: string, after: string | null, limit: number): Promise<GroupsPage> {
      const key = nameKey(prefix);
      const query = scope.rows("groups").where("display_name_key", "<", `${key}\u{10ffff}`);
      if (after === null) query.where("display_name_key", ">=", key);
      else query.where("display_name_key", ">", after);
      const ordered = query.orderBy("display_name_key").limit(limit + 1);
      const groups = ((await ordered.select(columns)) as GroupRow[]).map(toGroup);
      const last = groups.length > limit ? groups[limit - 1] : undefined;
      return { groups: groups.slice(0, limit), next: last ? nameKey(last.displayName) : null };
    },

    /** The existing groups among at most 1,000 ids. */
    async ofIds(ids: readonly string[]): Promise<Group[]> {
      if (ids.length === 0) return [];
      return ((await scope.rows("groups").whereIn("id", ids).select(columns)) as GroupRow[]).map(toGroup);
    },

    /** At most `limit` of the groups that grant their members a role. */
    async withRole(role: AssignableRole, limit: number): Promise<Group[]> {
      const mapped = scope.rows("group_roles").where("role", role).orderBy("group_id").limit(limit);
      const ids = ((await mapped.select("group_id")) as { group_id: string }[]).map((row) => row.group_id);
      if (ids.length === 0) return [];
      return ((await scope.rows("groups").whereIn("id", ids).select(columns)) as GroupRow[]).map(toGroup);
    },
  };
}

function toRow(changes: GroupChanges): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  if (changes.displayName !== undefined) {
    row.display_name = changes.displayName;
    row.display_name_key = nameKey(changes.displayName);
  }
  if (changes.sourceId !== undefined) row.source_id = changes.sourceId;
  if (changes.sourceKey !== undefined) row.source_key = changes.sourceKey;
  return row;
}
