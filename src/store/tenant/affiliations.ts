import { chunks, type TenantScope } from "./scope.ts";

/** The groups of a user. */
export interface Affiliations {
  groups: { id: string; displayName: string }[];
}

/** JSON text on SQLite, parsed JSON on PostgreSQL; absent unless requested. */
export interface AffiliationRow {
  group_list?: string | [id: string, displayName: string][] | null;
}

/** Looks up many users' affiliations in one statement. */
export function tenantAffiliations(scope: TenantScope) {
  return {
    async ofUsers(userIds: readonly string[]): Promise<Map<string, Affiliations>> {
      const found = new Map<string, Affiliations>(userIds.map((id) => [id, { groups: [] }]));
      for (const chunk of chunks(userIds)) {
        const query = scope.rows("users").whereIn("users.id", chunk);
        const rows = await query.select("users.id", scope.raw(affiliationColumns(scope)));
        for (const row of rows as (AffiliationRow & { id: string })[]) found.set(row.id, toAffiliations(row));
      }
      return found;
    },
  };
}

/**
 * Returns an SQL column with the groups of each user of a query, so that one statement reads both. The subquery uses
 * an index by user id.
 */
export function affiliationColumns(scope: TenantScope): string {
  const [list, pair] =
    scope.engine === "sqlite" ? ["json_group_array", "json_array"] : ["json_agg", "json_build_array"];
  return `(select ${list}(${pair}(groups.id, groups.display_name)) from group_members
      join groups on ${scope.sameTenant("groups", "group_members")} and groups.id = group_members.group_id
      where ${scope.sameTenant("group_members", "users")} and group_members.user_id = users.id) as group_list`;
}

export function toAffiliations(row: AffiliationRow): Affiliations {
  const groups = parsed(row.group_list).map(([id, displayName]) => ({ id, displayName }));
  return { groups };
}

function parsed<T>(list: string | T[] | null | undefined): T[] {
  return typeof list === "string" ? (JSON.parse(list) as T[]) : (list ?? []);
}
