import type { Knex } from "knex";
import type { Role, User, UserOrigin } from "../../model.ts";
import { nameKey, searchKey } from "../text-keys.ts";
import { type PersonLine, type PersonRow, personColumns, toPersonLine } from "./person-lines.ts";
import { withRole } from "./role-conditions.ts";
import type { TenantScope } from "./scope.ts";

/** Who is looked for. Everything that is given has to be true of a person. */
export interface PeopleFilter {
  /** What the login name, e-mail, family or given name begins with; empty for everybody. Case does not matter. */
  prefix: string;
  /** Blocked people are `blocked` and, when they are deactivated as well, also `inactive`. */
  status?: "active" | "inactive" | "blocked" | undefined;
  origin?: UserOrigin | undefined;
  /** The role that counts in the end: the highest of all grants. */
  role?: Role | undefined;
  /** Id of a group that they are members of. */
  group?: string | undefined;
}

/** By what people are found, in the order in which they are listed. */
const fields = ["login_name", "email", "family_name", "given_name"] as const;
type Field = (typeof fields)[number];

/** Where a list goes on: behind the person who was found by `field` under `key`. */
export interface PeoplePosition {
  field: Field;
  key: string;
}

export interface PeoplePage {
  people: PersonLine[];
  /** Null on the last page. */
  next: PeoplePosition | null;
}

type FoundRow = PersonRow & { found_key: string };

/**
 * The people of one tenant as lists: first those whose login name begins with the prefix, then those who are found by
 * their e-mail, family or given name; each part is in the order of that name, and nobody appears twice.
 */
export function tenantPeople(scope: TenantScope) {
  return {
    /**
     * A page of a list, read from the indexes of migrations/…_add_directory_search.ts: what it costs does not depend on
     * how many people there are. A role and a group are looked up for each candidate: quick where many have it; where few
     * do, ask who they are.
     */
    async page(filter: PeopleFilter, after: PeoplePosition | null, limit: number): Promise<PeoplePage> {
      const found: { line: PersonLine; at: PeoplePosition }[] = [];
      const parts = filter.prefix === "" ? fields.slice(0, 1) : fields;
      for (const field of parts.slice(after ? parts.indexOf(after.field) : 0)) {
        const behind = after?.field === field ? after.key : null;
        const rows = await pageOf(scope, filter, field, behind, limit + 1 - found.length);
        found.push(...rows.map((row) => ({ line: toPersonLine(row), at: { field, key: row.found_key } })));
        if (found.length > limit) break;
      }
      const next = found.length > limit ? (found[limit - 1]?.at ?? null) : null;
      return { people: found.slice(0, limit).map(({ line }) => line), next };
    },

    /** Ids of a group's members; null when they are more than `limit`. */
    async fewMembers(groupId: string, limit: number): Promise<string[] | null> {
      return await idsOf([scope.rows("group_members").where("group_id", groupId).select("user_id")], limit);
    },

    /** Ids of whoever is granted a role, by hand, by a source or by a group; null when they are more than `limit`. */
    async fewGranted(role: Role, limit: number): Promise<string[] | null> {
      const granted = scope.rows("role_grants").where("role", role).select("user_id");
      // Two statements, because of one that joins them SQLite's planner begins at the wrong end.
      const groups = (await scope.rows("group_roles").where("role", role).select("group_id")) as {
        group_id: string;
      }[];
      const members = groups.map((row) =>
        scope.rows("group_members").where("group_id", row.group_id).select("user_id"),
      );
      return await idsOf([granted, ...members], limit);
    },

    /** Those of these users, 1,000 at most, who are there; in no order. */
    async ofIds(userIds: readonly string[]): Promise<PersonLine[]> {
      if (userIds.length === 0) return [];
      // Nothing else may stand in this condition: SQLite's planner would look for it in the whole tenant first.
      const query = scope.rows("users").whereIn("users.id", userIds);
      return ((await query.select(personColumns)) as PersonRow[]).map(toPersonLine);
    },
  };
}

async function idsOf(queries: readonly Knex.QueryBuilder[], limit: number): Promise<string[] | null> {
  const ids = new Set<string>();
  for (const query of queries) {
    // Asked first, so that many are not fetched in vain; in the order of an index, or PostgreSQL reads the table.
    if ((await query.clone().orderBy("user_id").offset(limit).first()) !== undefined) return null;
    for (const row of (await query) as { user_id: string }[]) ids.add(row.user_id);
  }
  return ids.size > limit ? null : [...ids];
}

/** The people of one part of a list: each kind of them is a stretch of the index of that part. */
async function pageOf(
  scope: TenantScope,
  filter: PeopleFilter,
  field: Field,
  behind: string | null,
  limit: number,
): Promise<FoundRow[]> {
  const prefix = prefixOf(field, filter);
  const stretches = kindsOf(filter).map((kind) => {
    const query = scope.rows("users").where(scope.computed(indexed[field]), ">", kind + (behind ?? prefix));
    query.where(scope.computed(indexed[field]), "<", upperEnd(kind + prefix));
    if (field === "email") query.where(scope.computed("users.email_key <> users.login_name_key"));
    for (const earlier of fields.slice(0, fields.indexOf(field)))
      notFoundBy(query, earlier, prefixOf(earlier, filter));
    restrict(scope, query, filter);
    return query
      .orderByRaw(scope.computed(indexed[field]))
      .limit(limit)
      .select([...personColumns, scope.computed(`${foundKey(field)} as found_key`)]);
  });
  return (await scope.together(stretches).orderBy("found_key").limit(limit)) as FoundRow[];
}

/** The prefix in the form of the names that a part of the list is found by. */
function prefixOf(field: Field, { prefix }: PeopleFilter): string {
  return field === "login_name" ? nameKey(prefix).slice(0, 200) : searchKey(prefix);
}

/** The end of all texts that begin with `prefix`, compared by their bytes. */
const upperEnd = (prefix: string) => `${prefix}\u{10ffff}`;

const foundKey = (field: Field) => `users.${field}_key || '\u001f' || cast(users.seq as text)`;

/** The expressions of the indexes, letter by letter. */
const indexed = Object.fromEntries(
  fields.map((field) => [
    field,
    `case when users.blocked then 'blocked-' else '' end || case when users.active then 'active-' else 'inactive-' end
     || users.origin || '/' || ${foundKey(field)}`,
  ]),
) as Record<Field, string>;

function kindsOf({ status, origin }: PeopleFilter): string[] {
  const states: Record<NonNullable<PeopleFilter["status"]> | "any", string[]> = {
    active: ["active-"],
    inactive: ["inactive-", "blocked-inactive-"],
    blocked: ["blocked-active-", "blocked-inactive-"],
    any: ["active-", "inactive-", "blocked-active-", "blocked-inactive-"],
  };
  const origins: readonly User["origin"][] = origin ? [origin] : ["local", "just-in-time", "scim"];
  return states[status ?? "any"].flatMap((state) => origins.map((one) => `${state}${one}/`));
}

function notFoundBy(query: Knex.QueryBuilder, field: Field, prefix: string): void {
  const column = `users.${field}_key`;
  query.where((any) =>
    any.whereNull(column).orWhere(column, "<", prefix).orWhere(column, ">=", upperEnd(prefix)),
  );
}

function restrict(scope: TenantScope, query: Knex.QueryBuilder, { role, group }: PeopleFilter): void {
  if (role !== undefined) withRole(scope, query, role);
  if (group === undefined) return;
  const membership = scope.rows("group_members").where("group_members.group_id", group);
  query.whereExists(membership.where("group_members.user_id", scope.computed("users.id")).select("user_id"));
}
