import type { Database } from "../store/database.ts";
import type { PeopleFilter, PeoplePage, PeopleRange, PersonSummary } from "../store/tenant/people.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { nameKey, searchKey, textKey } from "../store/text-keys.ts";

/** Up to so many holders of a role or members of a group are looked at one by one. */
const fewAtMost = 1_000;

/**
 * A page of the people of a tenant who fit a filter. What it costs does not grow with the tenant: lists come from an
 * index; the holders of a role or the members of a group are the list themselves while they are few, and looked for along
 * an index when they are many, where that keeps nobody waiting. Throws UnavailableError when the latter takes too long.
 * @param after where the page before ended.
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

/** The people whom the filter's role and group leave, while they are few; null when they are many. */
async function fewOf(store: TenantStore, { role, group }: PeopleFilter): Promise<PersonSummary[] | null> {
  const members = group === undefined ? null : await store.people.fewMembers(group, fewAtMost);
  // Nearly everybody is a member.
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

/** What the store does to many: keeps those who fit, in the order of their login names, and takes a page of them. */
function pageOf(
  few: readonly PersonSummary[],
  filter: PeopleFilter,
  { after, limit }: PeopleRange,
): PeoplePage {
  const matching = few
    .filter((person) => matches(filter, person))
    .map((person) => ({ person, key: nameKey(person.loginName) }))
    .filter(({ key }) => after === null || key > after.key)
    .sort((one, other) => (one.key < other.key ? -1 : 1));
  const last = matching.length > limit ? matching[limit - 1] : undefined;
  return {
    people: matching.slice(0, limit).map(({ person }) => person),
    next: last ? { field: "login_name", key: last.key } : null,
  };
}

function matches({ prefix, status, origin }: PeopleFilter, person: PersonSummary): boolean {
  const { active, blocked, loginName, email, familyName, givenName } = person;
  const states = { active: active && !blocked, inactive: !active, blocked };
  if (status !== undefined && !states[status]) return false;
  if (origin !== undefined && person.origin !== origin) return false;
  const wanted = searchKey(prefix);
  if (nameKey(loginName).startsWith(nameKey(prefix).slice(0, 200))) return true;
  return [email, familyName, givenName].some((name) => name && textKey(name).startsWith(wanted));
}
