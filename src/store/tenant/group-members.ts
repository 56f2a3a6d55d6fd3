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
    async unknownUsers(userIds: readonly string[]): Promise<string[]> {
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
