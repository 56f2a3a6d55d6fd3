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

export interface Found<Row> {
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
): Promise<Found<Row>> {
  const matching = () => {
    const query = scope.rows(table);
    if (search.condition)
      applyCondition(query, search.condition, { scope, table, sourceId: search.sourceId });
    return query;
  };
  const page = order(matching(), table, search).limit(search.limit).select(scope.computed(columns));
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
