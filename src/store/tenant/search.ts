import type { Knex } from "knex";
import { applyCondition, type Condition, isSelective } from "../conditions.ts";
import { prepared } from "../prepared-statements.ts";
import type { TenantScope } from "./scope.ts";

/** A search, and the page of its result to return. */
export interface Search {
  /** null matches all rows. */
  condition: Condition | null;
  /** The provisioning source that asks: see ConditionContext. */
  sourceId: string;
  /** null for the order of the list. */
  sort: { by: SortColumn; descending: boolean } | null;
  /** `after` is the seq of the previous page's last row. It requires the order of the list. */
  from: { offset: number } | { after: number };
  limit: number;
}

export interface SearchResult<Row> {
  rows: Row[];
  /** The number of all matching rows. */
  total: number;
}

export type SortColumn = "id" | "name" | "createdAt" | "updatedAt";

const sortColumns: Record<"users" | "groups", Record<SortColumn, string>> = {
  users: { id: "id", name: "login_name_key", createdAt: "created_at", updatedAt: "updated_at" },
  groups: { id: "id", name: "display_name_key", createdAt: "created_at", updatedAt: "updated_at" },
};

/**
 * Searches a table of the tenant. Unless the condition is selective (conditions.ts), this may read every row: call it in
 * Database.scan.
 */
export async function searchRows<Row>(
  scope: TenantScope,
  table: "users" | "groups",
  columns: string,
  search: Search,
): Promise<SearchResult<Row>> {
  const matching = () => {
    const query = scope.rows(table);
    if (search.condition)
      applyCondition(query, search.condition, { scope, table, sourceId: search.sourceId });
    return query;
  };
  const page = order(matching(), table, search).limit(search.limit).select(scope.raw(columns));
  if ("after" in search.from) page.where(`${table}.seq`, ">", search.from.after);
  else page.offset(search.from.offset);
  if (search.condition?.kind === "compare" && isSelective(search.condition)) page.options(prepared);
  const rows = search.limit === 0 ? [] : ((await page) as Row[]);
  // If the first page is not full, it has all rows, and there is nothing to count.
  const whole = "offset" in search.from && search.from.offset === 0 && rows.length < search.limit;
  if (whole) return { rows, total: rows.length };
  const { total } = (await matching().count({ total: "*" }).first()) as { total: number };
  return { rows, total };
}

function order(query: Knex.QueryBuilder, table: "users" | "groups", { sort }: Search): Knex.QueryBuilder {
  if (sort) query.orderBy(`${table}.${sortColumns[table][sort.by]}`, sort.descending ? "desc" : "asc");
  return query.orderBy(`${table}.seq`);
}

/**
 * Lists with paging by index (RFC 7644 §3.4.2.4), as cheap on the last page as on the first. Rows are numbered by `seq` in
 * the order of creation, and numbers are never reused. Without removals, the row at position n has seq n; each removal
 * records a gap.
 */
type Listed = "users" | "groups";

/** Records that no row has this seq any longer. Call it in the transaction that removes the row. */
export async function recordGap(scope: TenantScope, list: Listed, seq: number): Promise<void> {
  await scope.insert("list_gaps", { list, seq });
}

/** Maintained counters of the rows. */
const lengths: Record<Listed, string> = { users: "user_count", groups: "group_count" };

/**
 * Returns a list's length and the seq of the row at `position` (1 is the first); if the list is shorter, a seq beyond the
 * last row. The result is the smallest s for which s minus the number of gaps up to s is the position. Each step adds the
 * gaps found so far.
 */
export async function findPosition(
  scope: TenantScope,
  list: Listed,
  position: number,
): Promise<{ total: number; seq: number }> {
  for (let seq = position; ; ) {
    const gaps = scope.rows("list_gaps").where({ list }).where("seq", "<=", seq).count("*").as("gaps");
    const found = await scope.tenantRow().first(`${lengths[list]} as total`, gaps);
    const { total, gaps: skipped } = (found ?? { total: 0, gaps: 0 }) as { total: number; gaps: number };
    if (seq === position + skipped || position > total) return { total, seq };
    seq = position + skipped;
  }
}
