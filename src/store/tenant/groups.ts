import { ConflictError, NotFoundError } from "../../errors.ts";
import type { Group } from "../../model.ts";
import { unique } from "../sql-errors.ts";
import { textKey } from "../text-keys.ts";
import { leaveGap, locate } from "./positions.ts";
import { chunks, type TenantScope } from "./scope.ts";
import { type Found, type Search, searchRows } from "./search.ts";

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

interface MemberRow {
  group_id: string;
  id: string;
  display_name: string | null;
  login_name: string;
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
  source_key: () =>
    new ConflictError("source-key-taken", "Another group of this source has this external id."),
};

/** The groups of one tenant. Who is in them is tenantGroupMembers. */
export function tenantGroups(scope: TenantScope, now: () => number) {
  const found = (row: GroupRow | undefined) => (row ? toGroup(row) : null);

  return {
    /** Throws ConflictError when the name or the source key is taken. */
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
        const [created] = (await unique(insert, conflicts)) as GroupRow[];
        return toGroup(created as GroupRow);
      });
    },

    async byId(id: string): Promise<Group | null> {
      return found((await scope.rows("groups").where("id", id).first(columns)) as GroupRow | undefined);
    },

    /** As byId, and nobody else changes the group before this transaction ends. */
    async lock(id: string): Promise<Group | null> {
      return found(
        (await scope.rows("groups").where("id", id).forUpdate().first(columns)) as GroupRow | undefined,
      );
    },

    async byName(displayName: string): Promise<Group | null> {
      const query = scope.rows("groups").where("display_name_key", textKey(displayName));
      return found((await query.first(columns)) as GroupRow | undefined);
    },

    async page(afterSeq: number, limit: number): Promise<Group[]> {
      const query = scope.rows("groups").where("seq", ">", afterSeq).orderBy("seq").limit(limit);
      return ((await query.select(columns)) as GroupRow[]).map(toGroup);
    },

    /** The groups from a position of the list on, 1 for the first. */
    async pageFrom(position: number, limit: number): Promise<Found<Group>> {
      const { seq, total } = await locate(scope, "groups", position);
      if (position > total || limit === 0) return { rows: [], total };
      const query = scope.rows("groups").where("seq", ">=", seq).orderBy("seq").limit(limit);
      return { rows: ((await query.select(columns)) as GroupRow[]).map(toGroup), total };
    },

    /** See searchRows: it may read every row of the tenant. */
    async search(search: Search): Promise<Found<Group>> {
      const { rows, total } = await searchRows<GroupRow>(scope, "groups", columns.join(", "), search);
      return { rows: rows.map(toGroup), total };
    },

    async count(): Promise<number> {
      const row = (await scope.tenantRow().first("group_count")) as { group_count: number } | undefined;
      return row?.group_count ?? 0;
    },

    /** Throws NotFoundError, and ConflictError as create does. An empty change only raises the version. */
    async update(id: string, changes: GroupChanges): Promise<Group> {
      const change = scope
        .rows("groups")
        .where("id", id)
        .update({ ...toRow(changes), version: scope.increment("version", 1), updated_at: now() })
        .returning(columns);
      const [row] = (await unique(change, conflicts)) as GroupRow[];
      if (!row) throw new NotFoundError("There is no such group.");
      return toGroup(row);
    },

    /** Removes a group; its members stay. Returns whether there was one. */
    async remove(id: string): Promise<boolean> {
      return await scope.atomically(async (inside) => {
        const row = (await inside.rows("groups").where("id", id).first("seq")) as { seq: number } | undefined;
        if (!row || ((await inside.rows("groups").where("id", id).delete()) as number) === 0) return false;
        await inside.tenantRow().update({ group_count: inside.increment("group_count", -1) });
        await leaveGap(inside, "groups", row.seq);
        return true;
      });
    },

    async ofUser(userId: string): Promise<Group[]> {
      const query = scope.rows("group_members").where("group_members.user_id", userId);
      scope.join(query, "groups", "id", "group_members.group_id");
      const rows = (await query.select(columns.map((column) => `groups.${column}`))) as GroupRow[];
      // Ordered here: for its own order, SQLite would go through all groups of the tenant.
      return rows.map(toGroup).sort((one, other) => one.seq - other.seq);
    },
  };
}

const memberColumns = ["group_members.group_id", "users.id", "users.display_name", "users.login_name"];

export interface GroupMember {
  id: string;
  name: string;
}

/** Who is in which group: set operations that never load a group to change it. */
export function tenantGroupMembers(scope: TenantScope) {
  const of = (groupId: string) => scope.rows("group_members").where("group_id", groupId);

  return {
    /** Ids of members after `afterUserId` (null: from the start), in the order of ids. */
    async page(groupId: string, afterUserId: string | null, limit: number): Promise<string[]> {
      const query = of(groupId).orderBy("user_id").limit(limit).select("user_id");
      if (afterUserId !== null) query.where("user_id", ">", afterUserId);
      return ((await query) as { user_id: string }[]).map((row) => row.user_id);
    },

    /** Every member of each group, in the order of ids: for whoever asks for whole groups. */
    async ofGroups(groupIds: readonly string[]): Promise<Map<string, GroupMember[]>> {
      const found = new Map<string, GroupMember[]>(groupIds.map((id) => [id, []]));
      for (const chunk of chunks(groupIds)) {
        const query = scope.rows("group_members").whereIn("group_members.group_id", chunk);
        scope.join(query, "users", "id", "group_members.user_id");
        query.orderBy(["group_members.group_id", "group_members.user_id"]);
        for (const row of (await query.select(memberColumns)) as MemberRow[])
          found.get(row.group_id)?.push({ id: row.id, name: row.display_name ?? row.login_name });
      }
      return found;
    },

    /** Which of `userIds` are no users of this tenant, and so can be members of nothing. */
    async strangers(userIds: readonly string[]): Promise<string[]> {
      const known = new Set<string>();
      for (const chunk of chunks(userIds)) {
        const rows = (await scope.rows("users").whereIn("id", chunk).select("id")) as { id: string }[];
        for (const row of rows) known.add(row.id);
      }
      return userIds.filter((id) => !known.has(id));
    },

    /** Which of `userIds` are members. */
    async among(groupId: string, userIds: readonly string[]): Promise<string[]> {
      const found: string[] = [];
      for (const chunk of chunks(userIds)) {
        const rows = (await of(groupId).whereIn("user_id", chunk).select("user_id")) as { user_id: string }[];
        found.push(...rows.map((row) => row.user_id));
      }
      return found;
    },

    async has(groupId: string, userId: string): Promise<boolean> {
      return (await of(groupId).where("user_id", userId).first("user_id")) !== undefined;
    },

    /** Adds users; those who are members already stay so. Throws a foreign key violation for strangers. */
    async add(groupId: string, userIds: readonly string[]): Promise<void> {
      const rows = [...new Set(userIds)].map((userId) => ({ group_id: groupId, user_id: userId }));
      await scope.insertMany("group_members", rows, "ignore-existing");
    },

    /** Removes users; those who are no members are no error. */
    async remove(groupId: string, userIds: readonly string[]): Promise<void> {
      for (const chunk of chunks(userIds)) await of(groupId).whereIn("user_id", chunk).delete();
    },

    async removeAll(groupId: string): Promise<void> {
      await of(groupId).delete();
    },
  };
}

function toRow(changes: GroupChanges): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  if (changes.displayName !== undefined) {
    row.display_name = changes.displayName;
    row.display_name_key = textKey(changes.displayName);
  }
  if (changes.sourceId !== undefined) row.source_id = changes.sourceId;
  if (changes.sourceKey !== undefined) row.source_key = changes.sourceKey;
  return row;
}
