import type { ListQuery, SortAttribute } from "scim-server/backend";
import { isSelective } from "../store/conditions.ts";
import type { Search, SearchResult, SortColumn } from "../store/tenant/search.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { toCondition } from "./conditions.ts";
import type { ScimContext } from "./context.ts";

/** A table of the store, as far as a list reads it. */
interface ListedRows<Row> {
  pageFrom(position: number, limit: number): Promise<SearchResult<Row>>;
  page(afterSeq: number, limit: number): Promise<Row[]>;
  count(): Promise<number>;
  search(search: Search): Promise<SearchResult<Row>>;
}

/** Which rows a list is of. */
interface Listing<Row> {
  table: "users" | "groups";
  rowsOf(store: TenantStore): ListedRows<Row>;
}

const sortColumns: Record<SortAttribute, SortColumn> = {
  id: "id",
  userName: "name",
  displayName: "name",
  "meta.created": "createdAt",
  "meta.lastModified": "updatedAt",
};

/**
 * Finds the rows of a list. Without filter and order, a page is found by its position and the total is a maintained
 * counter, however large the tenant is. A filter on a unique attribute finds its row by an index. Any other search may
 * read the whole tenant, so it runs on a connection of its own (Database.scan).
 */
export async function findRows<Row>(
  store: TenantStore,
  { scan, writer }: ScimContext,
  { where, sort, from, limit }: ListQuery,
  { table, rowsOf }: Listing<Row>,
): Promise<SearchResult<Row>> {
  if (!where && !sort) return await findPage(rowsOf(store), from, limit);
  const condition = where && toCondition(where, table);
  const search: Search = {
    condition,
    sort: sort && { by: sortColumns[sort.by], descending: sort.descending },
    sourceId: writer.source.id,
    from,
    limit,
  };
  if (condition && isSelective(condition)) return await rowsOf(store).search(search);
  return await scan((reading) => rowsOf(reading).search(search));
}

async function findPage<Row>(
  rows: ListedRows<Row>,
  from: ListQuery["from"],
  limit: number,
): Promise<SearchResult<Row>> {
  if ("offset" in from) return await rows.pageFrom(from.offset + 1, limit);
  const total = await rows.count();
  return { rows: limit === 0 ? [] : await rows.page(from.after, limit), total };
}
