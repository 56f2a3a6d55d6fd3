import type { FilterCondition, GroupRecord, ListQuery, ListResult, SortAttribute } from "./backend.ts";
import { badRequest, type ScimType } from "./errors.ts";
import { readParameters } from "./exchange.ts";
import { parseFilter } from "./grammar.ts";
import { toScimGroup } from "./groups.ts";
import { checkMessageType, isObject, labelOf } from "./input.ts";
import { listCondition } from "./known-conditions.ts";
import type { ScimCall, ScimRequest, ScimResource, ScimResponse } from "./operation.ts";
import { type Projection, projection, resolveName } from "./projection.ts";
import { type ResourceSchema, urns } from "./schema.ts";
import { toScimUser } from "./users.ts";

/** The parameters of a list, from a query or from a SearchRequest. */
type ListParameters = Record<string, unknown>;

/** GET /Users (RFC 7644 §3.4.2). */
export async function listUsers(call: ScimCall, { query }: ScimRequest): Promise<ScimResponse> {
  return await usersIn(call, query);
}

/** POST /Users/.search (RFC 7644 §3.4.3). */
export async function searchUsers(call: ScimCall, { body }: ScimRequest): Promise<ScimResponse> {
  return await usersIn(call, readSearch(body));
}

/**
 * GET /Groups. Members are left out unless `attributes` names them: a page of groups could have millions. A search that
 * finds one group shows its members, because clients write back what they found.
 */
export async function listGroups(call: ScimCall, { query }: ScimRequest): Promise<ScimResponse> {
  return await groupsIn(call, query);
}

/** POST /Groups/.search. */
export async function searchGroups(call: ScimCall, { body }: ScimRequest): Promise<ScimResponse> {
  return await groupsIn(call, readSearch(body));
}

async function usersIn(call: ScimCall, parameters: ListParameters): Promise<ScimResponse> {
  const project = projection(parameters, call.schemas.user);
  const page = readPage(parameters);
  const query = readQuery(call, parameters, call.schemas.user, page);
  const { items, total, more } = await findPage(call.store.users, query, page, project);
  const resources = items.map((user) => toScimUser(call, user));
  return answer(page, { resources, total, next: more ? items.at(-1) : undefined }, project);
}

/**
 * The most members that the only hit of a search shows: about 150 kB of JSON, less than a page of 1,000 users, read by one
 * range of an index. A larger group is shown without `members`, an empty one with `[]`.
 */
export const maxMembersOfHit = 1000;

async function groupsIn(call: ScimCall, parameters: ListParameters): Promise<ScimResponse> {
  const schema = call.schemas.group;
  const page = readPage(parameters);
  const listed = projection(parameters, schema, ["members"]);
  const query = readQuery(call, parameters, schema, page);
  const { items, total, more } = await findPage(call.store.groups, query, page, listed);
  const isOnlyHit = query.where !== true && total === 1 && items.length === 1;
  const project = isOnlyHit ? projection(parameters, schema) : listed;
  const limit = listed.wants("members") ? Number.POSITIVE_INFINITY : maxMembersOfHit;
  const members = project.wants("members") ? await membersIn(call, items, limit) : null;
  const resources = items.map((group) => toScimGroup(call, group, members?.get(group.id)));
  return answer(page, { resources, total, next: more ? items.at(-1) : undefined }, project);
}

/** The members of each group in one query, without groups that have more than `limit`. */
async function membersIn(call: ScimCall, groups: readonly GroupRecord[], limit: number) {
  const ids = groups.map(({ id }) => id);
  if (limit === Number.POSITIVE_INFINITY) return await call.store.groups.membersOf(ids);
  const found = await call.store.groups.membersOf(ids, limit + 1);
  return new Map([...found].filter(([, members]) => members.length <= limit));
}

/** Reads the body of POST /.search, whose members are the parameters of a list; null is absent. Throws badRequest. */
function readSearch(body: unknown): ListParameters {
  if (!isObject(body)) throw badRequest("invalidSyntax", "The body has to be a JSON object.");
  const { schemas, ...sent } = readParameters(body);
  checkMessageType(schemas, urns.searchRequest);
  return Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== null));
}

/** Which resources a list is of, and in which order. */
interface ListSelection {
  /** True for every resource, false for none. */
  where: FilterCondition | boolean;
  sort: ListQuery["sort"];
}

function readQuery(
  { baseUrl }: Pick<ScimCall, "baseUrl">,
  parameters: ListParameters,
  schema: ResourceSchema,
  page: RequestedPage,
): ListSelection {
  const { filter } = parameters;
  if (Array.isArray(filter)) throw badRequest("invalidFilter", "Send one filter.");
  const isAbsent = filter === undefined || filter === "";
  const where = isAbsent || listCondition(parseFilter(String(filter)), schema, baseUrl);
  const sort = readSort(parameters, schema);
  if (sort && page.by === "cursor")
    throw badRequest("invalidValue", "A list with a cursor cannot be sorted: it has its own order.");
  return { where, sort };
}

/** A page of what the store found, and whether there are resources behind it. */
type Page<Stored> = ListResult<Stored> & { more: boolean };

async function findPage<Stored>(
  store: { list(query: ListQuery): Promise<ListResult<Stored>> },
  { where, sort }: ListSelection,
  page: RequestedPage,
  { wants }: Projection,
): Promise<Page<Stored>> {
  // A filter that no resource can satisfy needs no query.
  if (where === false) return { items: [], total: 0, more: false };
  const condition = where === true ? null : where;
  const { count } = page;
  if (page.by === "index") {
    const from = { offset: page.startIndex - 1 };
    return { ...(await store.list({ where: condition, sort, from, limit: count, wants })), more: false };
  }
  // One more than the page shows: a last page that is full has no nextCursor (RFC 9865 §2).
  const query = { where: condition, sort, from: { after: page.after }, limit: count + 1, wants };
  const { items, total } = await store.list(query);
  return { items: items.slice(0, count), total, more: items.length > count };
}

/** Lists are sorted by attributes that stores have as columns, so that the database can sort. */
function readSort({ sortBy, sortOrder }: ListParameters, schema: ResourceSchema): ListQuery["sort"] {
  if (sortBy === undefined || sortBy === "") return null;
  const nameAttribute = schema.core.id === urns.user ? "userName" : "displayName";
  const sortable: SortAttribute[] = ["id", nameAttribute, "meta.created", "meta.lastModified"];
  const found = resolveName(schema, String(sortBy));
  const name = found && labelOf(found.extension, found.attribute, found.subAttribute);
  const by = sortable.find((attribute) => attribute === name);
  if (!by) throw badRequest("invalidValue", `Lists can be sorted by ${sortable.join(", ")}.`);
  return { by, descending: String(sortOrder ?? "ascending").toLowerCase() === "descending" };
}

/** The part of a list that a client asks for. */
type RequestedPage =
  /** By index (RFC 7644 §3.4.2.4): `startIndex` 1 is the first. */
  | { by: "index"; startIndex: number; count: number }
  /** By cursor (RFC 9865): after the resource with this position; 0 for the start. */
  | { by: "cursor"; after: number; count: number };

export const paging = { defaultCount: 100, maxCount: 1000 };

/**
 * Reads startIndex, count and cursor. By index, a startIndex below 1 is 1 and a negative count is 0 (RFC 7644 §3.4.2.4). By
 * cursor, a count is at least 1 (RFC 9865 §2). A count above the maximum is the maximum. Throws badRequest for anything but
 * whole numbers, and for a cursor that this server did not give.
 */
export function readPage(query: ListParameters): RequestedPage {
  if (query.cursor === undefined) {
    const count = Math.max(0, wholeNumber(query.count, "count", "invalidValue") ?? paging.defaultCount);
    const startIndex = Math.max(1, wholeNumber(query.startIndex, "startIndex", "invalidValue") ?? 1);
    return { by: "index", startIndex, count: Math.min(count, paging.maxCount) };
  }
  if (query.startIndex !== undefined) throw badRequest("invalidValue", "Use startIndex or cursor, not both.");
  const count = wholeNumber(query.count, "count", "invalidCount") ?? paging.defaultCount;
  if (count < 1) throw badRequest("invalidCount", "With a cursor, count must be at least 1.");
  const after = query.cursor === "" ? 0 : readCursor(String(query.cursor));
  return { by: "cursor", after, count: Math.min(count, paging.maxCount) };
}

function wholeNumber(value: unknown, name: string, scimType: ScimType): number | null {
  if (value === undefined || value === "") return null;
  const text = String(value).trim();
  if (!/^[+-]?\d{1,12}$/.test(text)) throw badRequest(scimType, `${name} must be a whole number.`);
  return Number(text);
}

/** A cursor names the last resource that the client got, so resources deleted before or after it change nothing. */
function writeCursor(after: number): string {
  return Buffer.from(`after:${after}`).toString("base64url");
}

function readCursor(cursor: string): number {
  const [, after] = /^after:(\d{1,15})$/.exec(Buffer.from(cursor, "base64url").toString("utf8")) ?? [];
  if (after === undefined) throw badRequest("invalidCursor", "The cursor is not one that this server gave.");
  return Number(after);
}

interface FoundPage {
  resources: ScimResource[];
  total: number;
  /** The last resource of a page by cursor that another one follows. */
  next: { position: number } | undefined;
}

function answer(
  page: RequestedPage,
  { resources, total, next }: FoundPage,
  project: Projection,
): ScimResponse {
  const shown = resources.map((resource) => project.apply(resource));
  if (page.by === "index")
    return { status: 200, body: listResponse(shown, total, { startIndex: page.startIndex }) };
  const place = next ? { nextCursor: writeCursor(next.position) } : {};
  return { status: 200, body: listResponse(shown, total, place) };
}

/** A ListResponse (RFC 7644 §3.4.2). `itemsPerPage` is the number of resources in this answer. */
export function listResponse(
  resources: ScimResource[],
  totalResults: number,
  place: { startIndex: number } | { nextCursor?: string },
): ScimResource {
  return {
    schemas: [urns.listResponse],
    totalResults,
    itemsPerPage: resources.length,
    ...place,
    Resources: resources,
  };
}
