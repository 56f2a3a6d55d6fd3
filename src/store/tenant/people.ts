import type { Knex } from "knex";
import type { Role, User, UserOrigin } from "../../model.ts";
import { nameKey, searchKey } from "../text-keys.ts";
import type { TenantScope } from "./scope.ts";

/** A user as a line of a list: no document, and nothing that would need another look. */
export type PersonSummary = Pick<
  User,
  | ("id" | "loginName" | "givenName" | "familyName" | "displayName" | "email")
  | ("active" | "blocked" | "origin" | "sourceId")
>;

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
type PeopleField = (typeof fields)[number];

/** Where a list goes on: behind the person who was found by `field` under `key`. */
export interface PeoplePosition {
  field: PeopleField;
  key: string;
}

export interface PeopleRange {
  /** Where the previous page ended; null for the first page. */
  after: PeoplePosition | null;
  limit: number;
}

export interface PeoplePage {
  people: PersonSummary[];
  /** Null on the last page. */
  next: PeoplePosition | null;
}

interface PersonRow {
  id: string;
  login_name: string;
  given_name: string | null;
  family_name: string | null;
  display_name: string | null;
  email: string | null;
  active: number | boolean;
  blocked: number | boolean;
  origin: User["origin"];
  source_id: string | null;
}

/** The columns of PersonRow. */
const personColumns = [
  ...["id", "login_name", "given_name", "family_name", "display_name", "email"],
  ...["active", "blocked", "origin", "source_id"],
].map((column) => `users.${column}`);

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
    async page(filter: PeopleFilter, { after, limit }: PeopleRange): Promise<PeoplePage> {
      const found: { line: PersonSummary; at: PeoplePosition }[] = [];
      const parts = filter.prefix === "" ? fields.slice(0, 1) : fields;
      for (const field of parts.slice(after ? parts.indexOf(after.field) : 0)) {
        const rows = await pageBy(scope, field, filter, {
          after: after?.field === field ? after : null,
          limit: limit + 1 - found.length,
        });
        found.push(...rows.map((row) => ({ line: toPersonSummary(row), at: { field, key: row.found_key } })));
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
    async ofIds(userIds: readonly string[]): Promise<PersonSummary[]> {
      if (userIds.length === 0) return [];
      // Nothing else may stand in this condition: SQLite's planner would look for it in the whole tenant first.
      const query = scope.rows("users").whereIn("users.id", userIds);
      return ((await query.select(personColumns)) as PersonRow[]).map(toPersonSummary);
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
async function pageBy(
  scope: TenantScope,
  field: PeopleField,
  filter: PeopleFilter,
  { after, limit }: PeopleRange,
): Promise<FoundRow[]> {
  const prefix = prefixOf(field, filter);
  const stretches = kindsOf(filter).map((kind) => {
    const query = scope.rows("users").where(scope.raw(indexed[field]), ">", kind + (after?.key ?? prefix));
    query.where(scope.raw(indexed[field]), "<", upperEnd(kind + prefix));
    if (field === "email") query.where(scope.raw("users.email_key <> users.login_name_key"));
    for (const earlier of fields.slice(0, fields.indexOf(field)))
      notFoundBy(query, earlier, prefixOf(earlier, filter));
    restrict(scope, query, filter);
    return query
      .orderByRaw(scope.raw(indexed[field]))
      .limit(limit)
      .select([...personColumns, scope.raw(`${foundKey(field)} as found_key`)]);
  });
  return (await scope.unionAll(stretches).orderBy("found_key").limit(limit)) as FoundRow[];
}

/** The prefix in the form of the names that a part of the list is found by. */
function prefixOf(field: PeopleField, { prefix }: PeopleFilter): string {
  return field === "login_name" ? nameKey(prefix).slice(0, 200) : searchKey(prefix);
}

/** The end of all texts that begin with `prefix`, compared by their bytes. */
const upperEnd = (prefix: string) => `${prefix}\u{10ffff}`;

const foundKey = (field: PeopleField) => `users.${field}_key || '\u001f' || cast(users.seq as text)`;

/** The expressions of the indexes, letter by letter. */
const indexed = Object.fromEntries(
  fields.map((field) => [
    field,
    `case when users.blocked then 'blocked-' else '' end || case when users.active then 'active-' else 'inactive-' end
     || users.origin || '/' || ${foundKey(field)}`,
  ]),
) as Record<PeopleField, string>;

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

function notFoundBy(query: Knex.QueryBuilder, field: PeopleField, prefix: string): void {
  const column = `users.${field}_key`;
  query.where((any) =>
    any.whereNull(column).orWhere(column, "<", prefix).orWhere(column, ">=", upperEnd(prefix)),
  );
}

function restrict(scope: TenantScope, query: Knex.QueryBuilder, { role, group }: PeopleFilter): void {
  if (role !== undefined) withRole(scope, query, role);
  if (group === undefined) return;
  const membership = scope.rows("group_members").where("group_members.group_id", group);
  query.whereExists(membership.where("group_members.user_id", scope.raw("users.id")).select("user_id"));
}

/** Keeps of a query's users those whose role, the highest of all grants, is this one. */
function withRole(scope: TenantScope, query: Knex.QueryBuilder, role: Role): void {
  if (role === "owner") {
    query.whereExists(granted(scope, "owner"));
    return;
  }
  query.whereNotExists(granted(scope, "owner"));
  if (role === "member") query.whereNotExists(granted(scope, "admin")).whereNotExists(mapped(scope));
  else query.where((any) => any.whereExists(granted(scope, "admin")).orWhereExists(mapped(scope)));
}

function granted(scope: TenantScope, role: Role): Knex.QueryBuilder {
  const grants = scope.rows("role_grants").where("role_grants.role", role);
  return grants.where("role_grants.user_id", scope.raw("users.id")).select("role_grants.user_id");
}

/** A group that they are in makes them an administrator. */
function mapped(scope: TenantScope): Knex.QueryBuilder {
  const memberships = scope.rows("group_members").where("group_members.user_id", scope.raw("users.id"));
  scope.join(memberships, "group_roles", "group_id", "group_members.group_id");
  return memberships.where("group_roles.role", "admin").select("group_members.user_id");
}

function toPersonSummary(row: PersonRow): PersonSummary {
  return {
    id: row.id,
    loginName: row.login_name,
    givenName: row.given_name,
    familyName: row.family_name,
    displayName: row.display_name,
    email: row.email,
    active: Boolean(row.active),
    blocked: Boolean(row.blocked),
    origin: row.origin,
    sourceId: row.source_id,
  };
}
