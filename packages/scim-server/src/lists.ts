import type { GroupRecord, ListQuery, SortAttribute } from "./backend.ts";
import { badRequest } from "./errors.ts";
import { toFilterCondition } from "./filter-conditions.ts";
import { parseFilter } from "./grammar.ts";
import { toScimGroup } from "./groups.ts";
import { checkQuery, isObject } from "./input.ts";
import {
  checkMessageType,
  type ScimCall,
  type ScimRequest,
  type ScimResource,
  type ScimResponse,
} from "./operation.ts";
import { type Projection, projection } from "./projection.ts";
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
  const query = readQuery(parameters, call.schemas.user, page, project);
  const { items, total } = await call.store.users.list(query);
  const resources = items.map((user) => toScimUser(call, user));
  return answer(page, { resources, total, last: items.at(-1) }, project);
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
  const query = readQuery(parameters, schema, page, listed);
  const { items, total } = await call.store.groups.list(query);
  const isOnlyHit = query.where !== null && total === 1 && items.length === 1;
  const project = isOnlyHit ? projection(parameters, schema) : listed;
  const limit = listed.wants("members") ? Number.POSITIVE_INFINITY : maxMembersOfHit;
  const members = project.wants("members") ? await membersIn(call, items, limit) : null;
  const resources = items.map((group) => toScimGroup(call, group, members?.get(group.id)));
  return answer(page, { resources, total, last: items.at(-1) }, project);
}

/** The members of each group in one query, without groups that have more than `limit`. */
async function membersIn(call: ScimCall, groups: readonly GroupRecord[], limit: number) {
  const ids = groups.map(({ id }) => id);
  if (limit === Number.POSITIVE_INFINITY) return await call.store.groups.membersOf(ids);
  const found = await call.store.groups.membersOf(ids, limit + 1);
  return new Map([...found].filter(([, members]) => members.length <= limit));
}

/** Reads the body of POST /.search, whose members are the parameters of a list. Throws badRequest. */
function readSearch(body: unknown): ListParameters {
  if (!isObject(body)) throw badRequest("invalidSyntax", "The body has to be a JSON object.");
  const { schemas, ...parameters } = body;
  checkMessageType(schemas, urns.searchRequest);
  checkQuery(parameters);
  return parameters;
}

function readQuery(
  parameters: ListParameters,
  schema: ResourceSchema,
  page: RequestedPage,
  { wants }: Projection,
): ListQuery {
  const { filter } = parameters;
  if (Array.isArray(filter)) throw badRequest("invalidFilter", "Send one filter.");
  const where =
    filter === undefined || filter === "" ? null : toFilterCondition(parseFilter(String(filter)), schema);
  const sort = readSort(parameters, schema);
  if (sort && page.by === "cursor")
    throw badRequest("invalidValue", "A list with a cursor cannot be sorted: it has its own order.");
  const from = page.by === "index" ? { offset: page.startIndex - 1 } : { after: page.after };
  return { where, sort, from, limit: page.count, wants };
}

/** Lists are sorted by attributes that stores have as columns, so that the database can sort. */
function readSort({ sortBy, sortOrder }: ListParameters, schema: ResourceSchema): ListQuery["sort"] {
  if (sortBy === undefined || sortBy === "") return null;
  const nameAttribute = schema.core.id === urns.user ? "userName" : "displayName";
  const sortable: SortAttribute[] = ["id", nameAttribute, "meta.created", "meta.lastModified"];
  const name = String(sortBy)
    .replace(new RegExp(`^${schema.core.id}:`, "i"), "")
    .toLowerCase();
  const by = sortable.find((attribute) => attribute.toLowerCase() === name);
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
 * Reads startIndex, count and cursor. A startIndex below 1 is 1, a negative count is 0 (RFC 7644 §3.4.2.4), and a count
 * above the maximum is the maximum. Throws badRequest for anything but whole numbers, and for a cursor that this server
 * did not give.
 */
export function readPage(query: ListParameters): RequestedPage {
  const count = Math.min(
    Math.max(0, wholeNumber(query.count, "count") ?? paging.defaultCount),
    paging.maxCount,
  );
  if (query.cursor !== undefined) {
    if (query.startIndex !== undefined)
      throw badRequest("invalidValue", "Use startIndex or cursor, not both.");
    return { by: "cursor", after: query.cursor === "" ? 0 : readCursor(String(query.cursor)), count };
  }
  return { by: "index", startIndex: Math.max(1, wholeNumber(query.startIndex, "startIndex") ?? 1), count };
}

function wholeNumber(value: unknown, name: string): number | null {
  if (value === undefined || value === "") return null;
  const text = String(value).trim();
  if (!/^[+-]?\d{1,12}$/.test(text)) throw badRequest("invalidValue", `${name} must be a whole number.`);
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
  last: { position: number } | undefined;
}

function answer(
  page: RequestedPage,
  { resources, total, last }: FoundPage,
  project: Projection,
): ScimResponse {
  const shown = resources.map((resource) => project.apply(resource));
  if (page.by === "index")
    return { status: 200, body: listResponse(shown, total, { startIndex: page.startIndex }) };
  const nextCursor = last && resources.length === page.count ? writeCursor(last.position) : null;
  return { status: 200, body: listResponse(shown, total, nextCursor === null ? {} : { nextCursor }) };
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
