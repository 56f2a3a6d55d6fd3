import type { Group } from "../model.ts";
import { type Condition, isSelective } from "../store/conditions.ts";
import type { Search, SearchResult, SortColumn } from "../store/tenant/search.ts";
import type { AffiliatedUser } from "../store/tenant/user-rows.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { ScimAnswer, ScimContext } from "./context.ts";
import { badRequest } from "./errors.ts";
import { toCondition } from "./filter-conditions.ts";
import { parseFilter } from "./filter-parser.ts";
import { toScimGroup } from "./group-resource.ts";
import { listResponse, readWindow, type Window, writeCursor } from "./list-query.ts";
import { type Projection, projection } from "./projection.ts";
import { checkQuery } from "./reserved-names.ts";
import { groupSchema, type ResourceSchema, urns, userSchema } from "./schema.ts";
import { affiliationsIn, type ScimResource, toScimUser } from "./user-resource.ts";

/** The parameters of a list, from a query or from a SearchRequest. */
export type ListRequest = Record<string, unknown>;

/** A list of the store: what lists.ts needs of users and of groups alike. */
interface Listed<Row> {
  pageFrom(position: number, limit: number): Promise<SearchResult<Row>>;
  page(afterSeq: number, limit: number): Promise<Row[]>;
  count(): Promise<number>;
  search(search: Search): Promise<SearchResult<Row>>;
}

/** GET /Users and POST /Users/.search (RFC 7644 §3.4.2). */
export async function listUsers(context: ScimContext, request: ListRequest): Promise<ScimAnswer> {
  const project = projection(request, userSchema);
  const list = readList(request, userSchema);
  const kinds = affiliationsIn(project);
  const { rows, total } = await find<AffiliatedUser>(context, list, (store) => store.users.affiliated(kinds));
  const resources = rows.map((user) => toScimUser(context, user, user.affiliations));
  return answer(list.window, rows, resources, total, project);
}

/** GET /Groups and POST /Groups/.search. Members are left out unless `attributes` asks for them. */
export async function listGroups(context: ScimContext, request: ListRequest): Promise<ScimAnswer> {
  const project = projection(request, groupSchema, ["members"]);
  const list = readList(request, groupSchema);
  const { rows, total } = await find<Group>(context, list, (store) => store.groups);
  const ids = rows.map(({ id }) => id);
  const members = project.wants("members") ? await context.store.groupMembers.ofGroups(ids) : null;
  const resources = rows.map((group) => toScimGroup(context, group, members?.get(group.id) ?? null));
  return answer(list.window, rows, resources, total, project);
}

/** The body of POST /.search (RFC 7644 §3.4.3), whose members are the parameters of a list. Throws badRequest. */
export function readSearch(body: unknown): ListRequest {
  const { schemas, ...parameters } = (body ?? {}) as Record<string, unknown>;
  if (!Array.isArray(schemas) || !schemas.includes(urns.searchRequest)) {
    throw badRequest("invalidSyntax", `schemas must name ${urns.searchRequest}.`);
  }
  checkQuery(parameters);
  return parameters;
}

interface List {
  window: Window;
  condition: Condition | null;
  sort: Search["sort"];
}

function readList(request: ListRequest, schema: ResourceSchema): List {
  const window = readWindow(request);
  const { filter } = request;
  if (Array.isArray(filter)) throw badRequest("invalidFilter", "Send one filter.");
  const condition =
    filter === undefined || filter === "" ? null : toCondition(parseFilter(String(filter)), schema);
  const sort = readSort(request, schema);
  if (sort && window.by === "cursor")
    throw badRequest("invalidValue", "With a cursor, a list has its own order.");
  return { window, condition, sort };
}

/** What lists can be sorted by: columns, so that the database sorts. */
function readSort({ sortBy, sortOrder }: ListRequest, schema: ResourceSchema): Search["sort"] {
  if (sortBy === undefined || sortBy === "") return null;
  const nameOf = schema === userSchema ? "username" : "displayname";
  const columns: Record<string, SortColumn> = {
    id: "id",
    [nameOf]: "name",
    "meta.created": "createdAt",
    "meta.lastmodified": "updatedAt",
  };
  const name = String(sortBy)
    .replace(new RegExp(`^${schema.core.id}:`, "i"), "")
    .toLowerCase();
  const by = Object.hasOwn(columns, name) ? columns[name] : undefined;
  if (!by) throw badRequest("invalidValue", `Lists can be sorted by ${Object.keys(columns).join(", ")}.`);
  return { by, descending: String(sortOrder ?? "ascending").toLowerCase() === "descending" };
}

/**
 * Without filter and order, a page is found by its position and the total is a maintained counter, whatever the size of
 * the tenant. A filter on a unique attribute finds its row by an index. Anything else may read the whole tenant, and does
 * so where it keeps nobody waiting.
 */
async function find<Row>(
  context: ScimContext,
  { window, condition, sort }: List,
  listOf: (store: TenantStore) => Listed<Row>,
): Promise<SearchResult<Row>> {
  if (!condition && !sort) return await findPage(listOf(context.store), window);
  const from = window.by === "index" ? { offset: window.startIndex - 1 } : { after: window.after };
  const search: Search = { condition, sort, sourceId: context.writer.source.id, from, limit: window.count };
  if (condition && isSelective(condition)) return await listOf(context.store).search(search);
  return await context.scan((store) => listOf(store).search(search));
}

async function findPage<Row>(list: Listed<Row>, window: Window): Promise<SearchResult<Row>> {
  if (window.by === "index") return await list.pageFrom(window.startIndex, window.count);
  const total = await list.count();
  return { rows: window.count === 0 ? [] : await list.page(window.after, window.count), total };
}

function answer(
  window: Window,
  rows: readonly { seq: number }[],
  resources: ScimResource[],
  total: number,
  project: Projection,
): ScimAnswer {
  const shown = resources.map((resource) => project.apply(resource));
  if (window.by === "index")
    return { status: 200, body: listResponse(shown, total, { startIndex: window.startIndex }) };
  const last = rows.at(-1);
  const nextCursor = last && rows.length === window.count ? writeCursor(last.seq) : null;
  return { status: 200, body: listResponse(shown, total, { nextCursor }) };
}
