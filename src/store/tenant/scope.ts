import type { Knex } from "knex";
import type { Database } from "../database.ts";

/**
 * Tenant isolation, in one place. Every statement of tenant/ starts from a scope, which has already said whose
 * rows it may see; no file beside this one names the `tenant_id` column of its own table.
 */
export interface TenantScope {
  readonly tenantId: string;
  readonly engine: Database["engine"];
  /** The tenant's rows of a table: read, change or delete them. Joins name the table's columns in full. */
  rows(table: string): Knex.QueryBuilder;
  /** Adds a row that belongs to the tenant. */
  insert(table: string, row: Record<string, unknown>): Knex.QueryBuilder;
  /** Adds a row, or changes the one that has the same values in `key` columns. */
  upsert(table: string, row: Record<string, unknown>, key: readonly string[]): Knex.QueryBuilder;
  /** Adds many rows in statements that stay below the engines' limit of bound values. */
  insertMany(table: string, rows: Record<string, unknown>[], ifNew?: "ignore-existing"): Promise<void>;
  /** The rows of several queries, each of which keeps its own order and limit; they have the same columns. */
  unionAll(queries: readonly Knex.QueryBuilder[]): Knex.QueryBuilder;
  /** The tenant's own row. */
  tenantRow(): Knex.QueryBuilder;
  /**
   * Joins `table` where its `column` equals `other` (`"group_members.user_id"`), without leaving the tenant.
   */
  join(query: Knex.QueryBuilder, table: string, column: string, other: string): Knex.QueryBuilder;
  leftJoin(query: Knex.QueryBuilder, table: string, column: string, other: string): Knex.QueryBuilder;
  /** Runs several statements as one: in the transaction that is running, or in one of their own. */
  atomically<T>(work: (scope: TenantScope) => Promise<T>): Promise<T>;
  /** The value of a column, plus `by`: for counters that must not be read first. */
  increment(column: string, by: number): Knex.Raw;
  /** SQL that keeps the rows of a subquery or a join in the tenant of the rows around it. */
  sameTenant(table: string, around: string): string;
  /** SQL as one or more result columns; nothing is bound. */
  raw(sql: string): Knex.Raw;
}

const chunkSize = 500;

/** Cuts a list so that one statement binds fewer values than SQLite (32,766) and PostgreSQL (65,535) allow. */
export function chunks<T>(items: readonly T[], size = chunkSize): T[][] {
  const result: T[][] = [];
  for (let start = 0; start < items.length; start += size) result.push(items.slice(start, start + size));
  return result;
}

export function tenantScope(database: Database, tenantId: string): TenantScope {
  return {
    tenantId,
    engine: database.engine,
    rows: (table) => database.sql()(table).where(`${table}.tenant_id`, tenantId),
    insert: (table, row) =>
      database
        .sql()(table)
        .insert({ ...row, tenant_id: tenantId }),
    upsert: (table, row, key) =>
      database
        .sql()(table)
        .insert({ ...row, tenant_id: tenantId })
        .onConflict(["tenant_id", ...key])
        .merge({ ...row, tenant_id: tenantId }),
    async insertMany(table, rows, ifNew) {
      for (const chunk of chunks(rows)) {
        const insert = database
          .sql()(table)
          .insert(chunk.map((row) => ({ ...row, tenant_id: tenantId })));
        await (ifNew ? insert.onConflict().ignore() : insert);
      }
    },
    unionAll: (queries) =>
      database.sql().unionAll(queries.map((query) => database.sql().select("*").from(query.as("part")))),
    tenantRow: () => database.sql()("tenants").where("tenants.id", tenantId),
    join: (query, table, column, other) => query.join(table, onSameTenant(table, column, other)),
    leftJoin: (query, table, column, other) => query.leftJoin(table, onSameTenant(table, column, other)),
    atomically: (work) => database.transaction((joined) => work(tenantScope(joined, tenantId))),
    increment: (column, by) => database.sql().raw("?? + ?", [column, by]),
    sameTenant: (table, around) => `${table}.tenant_id = ${around}.tenant_id`,
    raw: (sql) => database.sql().raw(sql),
  };
}

function onSameTenant(table: string, column: string, other: string) {
  const otherTable = other.split(".")[0];
  return (on: Knex.JoinClause) =>
    on.on(`${table}.tenant_id`, `${otherTable}.tenant_id`).andOn(`${table}.${column}`, other);
}
