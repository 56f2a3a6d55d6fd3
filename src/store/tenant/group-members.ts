import { chunks, type TenantScope } from "./scope.ts";

interface MemberRow {
  group_id: string;
  id: string;
  display_name: string | null;
  login_name: string;
}

const memberColumns = ["group_members.group_id", "users.id", "users.display_name", "users.login_name"];

export interface GroupMember {
  id: string;
  name: string;
}

/** The members of groups. No change loads a whole group. */
export function tenantGroupMembers(scope: TenantScope) {
  const of = (groupId: string) => scope.rows("group_members").where("group_id", groupId);

  return {
    /** Ids of members after `afterUserId` (null for the first page), sorted by id. */
    async page(groupId: string, afterUserId: string | null, limit: number): Promise<string[]> {
      const query = of(groupId).orderBy("user_id").limit(limit).select("user_id");
      if (afterUserId !== null) query.where("user_id", ">", afterUserId);
      return ((await query) as { user_id: string }[]).map((row) => row.user_id);
    },

    /** All members of each group, sorted by id; at most `limit` of the first 500 groups together if it is given. */
    async ofGroups(groupIds: readonly string[], limit?: number): Promise<Map<string, GroupMember[]>> {
      const found = new Map<string, GroupMember[]>(groupIds.map((id) => [id, []]));
      for (const chunk of chunks(groupIds)) {
        const query = scope.rows("group_members").whereIn("group_members.group_id", chunk);
        scope.join(query, "users", "id", "group_members.user_id");
        query.orderBy(["group_members.group_id", "group_members.user_id"]);
        if (limit !== undefined) query.limit(limit);
        for (const row of (await query.select(memberColumns)) as MemberRow[])
          found.get(row.group_id)?.push({ id: row.id, name: row.display_name ?? row.login_name });
      }
      return found;
    },

    /** The ids that are not users of this tenant. Keeps the others from being deleted until the transaction ends. */
    async unknownUsers(userIds: readonly string[]): Promise<string[]> {
      const known = new Set<string>();
      for (const chunk of chunks(userIds)) {
        const found = scope.rows("users").whereIn("id", chunk).orderBy("id").forKeyShare().select("id");
        for (const { id } of (await found) as { id: string }[]) known.add(id);
      }
      return userIds.filter((id) => !known.has(id));
    },

    /** The members of the group among some ids, or whose shown name is one of `names`. */
    async find(
      groupId: string,
      by: { ids: readonly string[] } | { names: readonly string[] },
    ): Promise<GroupMember[]> {
      const found: GroupMember[] = [];
      for (const chunk of chunks("ids" in by ? by.ids : by.names)) {
        const query = of(groupId);
        scope.join(query, "users", "id", "group_members.user_id");
        if ("ids" in by) query.whereIn("group_members.user_id", chunk);
        else
          query.where((shown) =>
            shown
              .whereIn("users.display_name", chunk)
              .orWhere((unnamed) =>
                unnamed.whereNull("users.display_name").whereIn("users.login_name", chunk),
              ),
          );
        for (const row of (await query.select(memberColumns)) as MemberRow[])
          found.push({ id: row.id, name: row.display_name ?? row.login_name });
      }
      return found;
    },

    /** The ids that are members of the group. */
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

    /** Adds users and skips existing members. Throws a foreign key violation for unknown users. */
    async add(groupId: string, userIds: readonly string[]): Promise<void> {
      const rows = [...new Set(userIds)].map((userId) => ({ group_id: groupId, user_id: userId }));
      await scope.insertMany("group_members", rows, "ignore-existing");
    },

    /** Removes users and skips those who are not members. */
    async remove(groupId: string, userIds: readonly string[]): Promise<void> {
      for (const chunk of chunks(userIds)) await of(groupId).whereIn("user_id", chunk).delete();
    },

    async removeAll(groupId: string): Promise<void> {
      await of(groupId).delete();
    },
  };
}
