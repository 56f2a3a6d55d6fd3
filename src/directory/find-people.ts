import type { Database } from "../store/database.ts";
import type {
  PeopleFilter,
  PeoplePage,
  PeopleRange,
  PeopleSort,
  PersonSummary,
} from "../store/tenant/people.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { nameKey, searchKey, textKey } from "../store/text-keys.ts";

/** Up to this many holders of a role or members of a group are filtered in memory. */
const fewAtMost = 1_000;

/**
 * Returns a page of a tenant's people who match a filter. The cost does not grow with the tenant: lists come from an
 * index. A role or a group with few people is loaded and filtered in memory; with many, a scan of the index looks for
 * them on a connection that blocks no other request. Throws UnavailableError if that scan takes too long.
 */
export async function findPeople(
  database: Database,
  tenantId: string,
  filter: PeopleFilter,
  range: PeopleRange,
): Promise<PeoplePage> {
  const store = forTenant(database, tenantId);
  const few = await fewOf(store, filter);
  if (few) return pageOf(few, filter, range);
  const isNarrowed = filter.role !== undefined || filter.group !== undefined;
  if (!isNarrowed) return await store.people.page(filter, range);
  return await database.scan((reading) => forTenant(reading, tenantId).people.page(filter, range));
}

/** The people whom the filter's role and group select; null if they are many. */
async function fewOf(store: TenantStore, { role, group }: PeopleFilter): Promise<PersonSummary[] | null> {
  const members = group === undefined ? null : await store.people.fewMembers(group, fewAtMost);
  // Nearly every user has the role of a member.
  const holders =
    members || role === undefined || role === "member"
      ? null
      : await store.people.fewGranted(role, fewAtMost);
  let ids = members ?? holders;
  if (!ids) return null;
  if (role !== undefined) {
    const found = await store.roles.effectiveOf(ids);
    ids = ids.filter((id) => found.get(id) === role);
  }
  if (group !== undefined && !members) ids = await store.groupMembers.among(group, ids);
  return await store.people.ofIds(ids);
}

/** Does in memory what the store does for many people: filters, sorts, and takes a page. */
function pageOf(
  few: readonly PersonSummary[],
  filter: PeopleFilter,
  { after, limit, sort = { by: "name", descending: false } }: PeopleRange,
): PeoplePage {
  const { field, keyOf } = orders[filter.prefix === "" ? sort.by : "name"];
  const sign = filter.prefix === "" && sort.descending ? -1 : 1;
  const compare = (one: string, other: string) => (one === other ? 0 : one < other ? -sign : sign);
  const matching = few
    .filter((person) => matches(filter, person))
    .map((person) => ({ person, key: keyOf(person) }))
    .filter(({ key }) => after === null || compare(key, after.key) > 0)
    .sort((one, other) => compare(one.key, other.key));
  const last = matching.length > limit ? matching[limit - 1] : undefined;
  return {
    people: matching.slice(0, limit).map(({ person }) => person),
    next: last ? { field, key: last.key } : null,
  };
}

/** As in the store: times with sixteen digits. The id makes the key unique. */
const timeKey = (at: number | null, id: string) => `${1e15 + (at ?? 0)}\u001f${id}`;
const orders = {
  name: { field: "login_name", keyOf: ({ loginName }: PersonSummary) => nameKey(loginName) },
  created: { field: "created_at", keyOf: ({ createdAt, id }: PersonSummary) => timeKey(createdAt, id) },
  "last-sign-in": {
    field: "last_sign_in_at",
    keyOf: ({ lastSignInAt, id }: PersonSummary) => timeKey(lastSignInAt, id),
  },
} as const satisfies Record<PeopleSort["by"], unknown>;

function matches({ prefix, status, origin }: PeopleFilter, person: PersonSummary): boolean {
  const { active, blocked, loginName, email, familyName, givenName } = person;
  const states = { active: active && !blocked, inactive: !active, blocked };
  if (status !== undefined && !states[status]) return false;
  if (origin !== undefined && person.origin !== origin) return false;
  const wanted = searchKey(prefix);
  if (nameKey(loginName).startsWith(nameKey(prefix).slice(0, 200))) return true;
  return [email, familyName, givenName].some((name) => name && textKey(name).startsWith(wanted));
}
