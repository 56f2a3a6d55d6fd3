import type { Knex } from "knex";
import { applyCondition, type Condition } from "../conditions.ts";
import type { TenantScope } from "./scope.ts";

/** What is searched for, and which part of what is found. */
export interface Search {
  /** Null finds everything. */
  condition: Condition | null;
  /** The provisioning source that asks: see ConditionContext. */
  sourceId: string;
  /** Null for the order of the list. */
  sort: { by: SortColumn; descending: boolean } | null;
  /** `after` continues a list behind the row with that seq; it goes with the order of the list alone. */
  from: { offset: number } | { after: number };
  limit: number;
}

export interface SearchResult<Row> {
  rows: Row[];
  /** How many there are in all. */
  total: number;
}

export type SortColumn = "id" | "name" | "createdAt" | "updatedAt";

const sortColumns: Record<"users" | "groups", Record<SortColumn, string>> = {
  users: { id: "id", name: "login_name_key", createdAt: "created_at", updatedAt: "updated_at" },
  groups: { id: "id", name: "display_name_key", createdAt: "created_at", updatedAt: "updated_at" },
};

/**
 * Searches a table of the tenant. Unless the condition is selective (conditions.ts), this may read every row: call it
 * through Database.scan.
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
  const rows = search.limit === 0 ? [] : ((await page) as Row[]);
  // A first page that is not full has shown everything: there is nothing left to count.
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
 * Positions in a list. Rows are numbered by `seq` in the order of their creation, and a number is never used again; so
 * in a list from which nothing was ever removed, the row at position n is the one with seq n, and paging by index
 * (RFC 7644 §3.4.2.4) costs the same on the last page as on the first. A removal leaves a gap, which is remembered.
 */
type Listed = "users" | "groups";

/** Remembers that a list has no row with this seq any more. Belongs in the transaction that removes the row. */
export async function recordGap(scope: TenantScope, list: Listed, seq: number): Promise<void> {
  await scope.insert("list_gaps", { list, seq });
}

/** How long the list is: a maintained counter. */
const lengths: Record<Listed, string> = { users: "user_count", groups: "group_count" };

/**
 * The length of a list, and the seq of its row at `position` (1 is the first); that is larger than any when the list is
 * shorter. It is the smallest number s for which s less the gaps up to s is the position; each step of the search moves
 * up by the gaps that it skipped.
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
