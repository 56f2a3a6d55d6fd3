import type { Knex } from "knex";
import type { Role, User, UserOrigin } from "../../model.ts";
import { nameKey, searchKey } from "../text-keys.ts";
import type { TenantScope } from "./scope.ts";

/** A user as a line of a list, without attributes. */
export type PersonSummary = Pick<
  User,
  | "id"
  | "loginName"
  | "givenName"
  | "familyName"
  | "displayName"
  | "email"
  | "active"
  | "blocked"
  | "origin"
  | "sourceId"
  | "createdAt"
> & {
  /** Null if they never signed in. */
  lastSignInAt: number | null;
};

/** The orders of a list without a search. People who never signed in come before those who did. */
export const peopleOrders = ["name", "created", "last-sign-in"] as const;
export interface PeopleSort {
  by: (typeof peopleOrders)[number];
  descending: boolean;
}

/** All given conditions must hold. */
export interface PeopleFilter {
  /** The beginning of the login name, e-mail, family or given name, ignoring case; empty for all people. */
  prefix: string;
  /** A blocked person is `blocked`, and also `inactive` if deactivated as well. */
  status?: "active" | "inactive" | "blocked" | undefined;
  origin?: UserOrigin | undefined;
  /** The effective role: the highest of all grants. */
  role?: Role | undefined;
  /** The id of a group that they are in. */
  group?: string | undefined;
}

/** The names by which people are found, in the order of the list. */
const names = ["login_name", "email", "family_name", "given_name"] as const;
const fieldOf = { name: "login_name", created: "created_at", "last-sign-in": "last_sign_in_at" } as const;
export const peopleFields = [...names, "created_at", "last_sign_in_at"] as const;
type PeopleField = (typeof peopleFields)[number];

/** A position in a list: after the person whose `field` has this `key`. */
export interface PeoplePosition {
  field: PeopleField;
  key: string;
}

export interface PeopleRange {
  /** Where the previous page ended; null for the first page. */
  after: PeoplePosition | null;
  limit: number;
  /** By name if absent. A search has an order of its own: by the names in which it finds people. */
  sort?: PeopleSort;
}

export interface PeoplePage {
  people: PersonSummary[];
  /** null on the last page. */
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
  created_at: number;
  last_sign_in_at: number | null;
}

/** The columns of PersonRow. */
const personColumns = [
  "id",
  "login_name",
  "given_name",
  "family_name",
  "display_name",
  "email",
  "active",
  "blocked",
  "origin",
  "source_id",
  "created_at",
  "last_sign_in_at",
].map((column) => `users.${column}`);

type FoundRow = PersonRow & { found_key: string };

/**
 * Lists of one tenant's people: first those whose login name begins with the prefix, then those found by e-mail, family
 * name or given name. Each part is sorted by its field, and no person appears twice.
 */
export function tenantPeople(scope: TenantScope) {
  return {
    /**
     * A page of a list, read from the indexes of migrations/…_add_directory_search.ts, so its cost does not depend on the
     * number of people. Role and group are checked for each candidate, which is slow if only few match: then use
     * fewMembers or fewGranted and ofIds.
     */
    async page(filter: PeopleFilter, { after, limit, sort }: PeopleRange): Promise<PeoplePage> {
      const found: { person: PersonSummary; at: PeoplePosition }[] = [];
      const isSearch = filter.prefix !== "";
      const parts: readonly PeopleField[] = isSearch ? names : [fieldOf[sort?.by ?? "name"]];
      const descending = !isSearch && Boolean(sort?.descending);
      for (const field of parts.slice(after ? parts.indexOf(after.field) : 0)) {
        const rows = await pageBy(scope, field, filter, {
          after: after?.field === field ? after : null,
          limit: limit + 1 - found.length,
          descending,
        });
        found.push(
          ...rows.map((row) => ({ person: toPersonSummary(row), at: { field, key: row.found_key } })),
        );
        if (found.length > limit) break;
      }
      const next = found.length > limit ? (found[limit - 1]?.at ?? null) : null;
      return { people: found.slice(0, limit).map(({ person }) => person), next };
    },

    /** Ids of a group's members; null if there are more than `limit`. */
    async fewMembers(groupId: string, limit: number): Promise<string[] | null> {
      return await idsOf([scope.rows("group_members").where("group_id", groupId).select("user_id")], limit);
    },

    /** Ids of the people with any grant of a role; null if there are more than `limit`. */
    async fewGranted(role: Role, limit: number): Promise<string[] | null> {
      const granted = scope.rows("role_grants").where("role", role).select("user_id");
      // Two statements, because SQLite's planner would start a join from the wrong table.
      const groups = (await scope.rows("group_roles").where("role", role).select("group_id")) as {
        group_id: string;
      }[];
      const members = groups.map((row) =>
        scope.rows("group_members").where("group_id", row.group_id).select("user_id"),
      );
      return await idsOf([granted, ...members], limit);
    },

    /** The existing users among at most 1,000 ids, unordered. */
    async ofIds(userIds: readonly string[]): Promise<PersonSummary[]> {
      if (userIds.length === 0) return [];
      // Don't add conditions: SQLite's planner would then search the whole tenant first.
      const query = scope.rows("users").whereIn("users.id", userIds);
      return ((await query.select(personColumns)) as PersonRow[]).map(toPersonSummary);
    },
  };
}

async function idsOf(queries: readonly Knex.QueryBuilder[], limit: number): Promise<string[] | null> {
  const ids = new Set<string>();
  for (const query of queries) {
    // Check first, so that a large result is not fetched for nothing. Sorted like an index, or PostgreSQL reads the table.
    if ((await query.clone().orderBy("user_id").offset(limit).first()) !== undefined) return null;
    for (const row of (await query) as { user_id: string }[]) ids.add(row.user_id);
  }
  return ids.size > limit ? null : [...ids];
}

/**
 * One part of a list. Each combination of status and origin is one range of the part's index. Without either, login names
 * come from their own index: a range without a member of the group would be read to its end for nothing.
 */
async function pageBy(
  scope: TenantScope,
  field: PeopleField,
  filter: PeopleFilter,
  { after, limit, descending }: Omit<PeopleRange, "sort"> & { descending: boolean },
): Promise<FoundRow[]> {
  const prefix = prefixOf(field, filter);
  const order = descending ? "desc" : "asc";
  const isByName = field === "login_name" && filter.status === undefined && filter.origin === undefined;
  const { index, key, kinds } = isByName
    ? { index: "users.login_name_key", key: "users.login_name_key", kinds: [""] }
    : { index: indexed[field], key: foundKey(field), kinds: indexPrefixes(filter) };
  const ranges = kinds.map((kind) => {
    const query = scope.rows("users");
    const [first, last] = [kind + prefix, upperEnd(kind + prefix)];
    const at = after ? kind + after.key : null;
    query.where(scope.raw(index), at && !descending ? ">" : ">=", descending ? first : (at ?? first));
    query.where(scope.raw(index), "<", descending ? (at ?? last) : last);
    if (field === "email") query.where(scope.raw("users.email_key <> users.login_name_key"));
    const earlier = names.findIndex((name) => name === field);
    for (const name of names.slice(0, Math.max(0, earlier))) notFoundBy(query, name, prefixOf(name, filter));
    restrict(scope, query, filter);
    return query
      .orderByRaw(`${index} ${order}`)
      .limit(limit)
      .select([...personColumns, scope.raw(`${key} as found_key`)]);
  });
  return (await scope.unionAll(ranges).orderBy("found_key", order).limit(limit)) as FoundRow[];
}

/** The prefix in the form of the field's key. */
function prefixOf(field: PeopleField, { prefix }: PeopleFilter): string {
  return field === "login_name" ? nameKey(prefix).slice(0, 200) : searchKey(prefix);
}

/** The upper bound of all texts that begin with `prefix`, compared by bytes. */
const upperEnd = (prefix: string) => `${prefix}\u{10ffff}`;

/** Times have sixteen digits, so that they sort as text. */
const keyOf = (field: PeopleField) =>
  field === "created_at" || field === "last_sign_in_at"
    ? `cast(1000000000000000 + coalesce(users.${field}, 0) as text)`
    : `users.${field}_key`;
const foundKey = (field: PeopleField) => `${keyOf(field)} || '\u001f' || cast(users.seq as text)`;

/** The expressions of the indexes. They must match the migration character by character. */
const indexed = Object.fromEntries(
  peopleFields.map((field) => [
    field,
    `case when users.blocked then 'blocked-' else '' end || case when users.active then 'active-' else 'inactive-' end
     || users.origin || '/' || ${foundKey(field)}`,
  ]),
) as Record<PeopleField, string>;

function indexPrefixes({ status, origin }: PeopleFilter): string[] {
  const states: Record<NonNullable<PeopleFilter["status"]> | "any", string[]> = {
    active: ["active-"],
    inactive: ["inactive-", "blocked-inactive-"],
    blocked: ["blocked-active-", "blocked-inactive-"],
    any: ["active-", "inactive-", "blocked-active-", "blocked-inactive-"],
  };
  const origins: readonly User["origin"][] = origin ? [origin] : ["local", "invited", "just-in-time", "scim"];
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

/** Narrows a query to the users whose effective role is this one. */
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

/** Users whom one of their groups makes an administrator. */
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
    createdAt: row.created_at,
    lastSignInAt: row.last_sign_in_at,
  };
}
