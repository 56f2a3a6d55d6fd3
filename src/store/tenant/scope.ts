import type { Knex } from "knex";
import type { EventName } from "../../events.ts";
import type { Database } from "../database.ts";

/**
 * Tenant isolation, in one place. Every statement of tenant/ starts from a scope, which confines it to the tenant's rows.
 * No other file there may use the `tenant_id` column of its own table.
 */
export interface TenantScope {
  readonly tenantId: string;
  readonly engine: Database["engine"];
  /** The parts of the product that handle an event: config/events.ts. */
  partsFor(event: EventName): string[];
  /** The tenant's rows of a table, to read, update or delete. In joins, qualify the table's columns. */
  rows(table: string): Knex.QueryBuilder;
  /** Inserts a row of the tenant. */
  insert(table: string, row: Record<string, unknown>): Knex.QueryBuilder;
  /** Inserts a row unless one has its key. Returns whether it did: of several callers at the same time, one. */
  insertIfNew(table: string, row: Record<string, unknown>): Promise<boolean>;
  /** Inserts a row, or updates the one with the same values in the `key` columns. */
  upsert(table: string, row: Record<string, unknown>, key: readonly string[]): Knex.QueryBuilder;
  /**
   * Inserts rows, or adds their value of `column` to the ones with the same values in the `key` columns. The table has a
   * column `shard`: on PostgreSQL, a transaction locks the row that it adds to. With several rows for one figure, the
   * sign-ins of a tenant seldom wait for each other.
   */
  addUp(
    table: string,
    rows: readonly Record<string, unknown>[],
    key: readonly string[],
    column: string,
  ): Knex.QueryBuilder;
  /** Inserts many rows, in statements that stay below the engines' limits for bound values. */
  insertMany(table: string, rows: Record<string, unknown>[], ifNew?: "ignore-existing"): Promise<void>;
  /** Combines the rows of queries with the same columns. Each keeps its own order and limit. */
  unionAll(queries: readonly Knex.QueryBuilder[]): Knex.QueryBuilder;
  /** The tenant's own row. */
  tenantRow(): Knex.QueryBuilder;
  /** Joins `table`, also by another name (`"users as authors"`), where its `column` equals `other` (`"tasks.created_by"`). */
  join(query: Knex.QueryBuilder, table: string, column: string, other: string): Knex.QueryBuilder;
  leftJoin(query: Knex.QueryBuilder, table: string, column: string, other: string): Knex.QueryBuilder;
  /** Runs `work` in a transaction, or as part of the running one. */
  atomically<T>(work: (scope: TenantScope) => Promise<T>): Promise<T>;
  /** SQL that adds `by` to a column, for counters that must not be read first. */
  increment(column: string, by: number): Knex.Raw;
  /** SQL that keeps a subquery or a join in the tenant of the table `around` it. */
  sameTenant(table: string, around: string): string;
  /** SQL as a value or as one or more result columns. */
  raw(sql: string, bindings?: readonly (string | number)[]): Knex.Raw;
}

const chunkSize = 500;
const shards = 4;

function shardOf({ engine }: Database): number {
  return engine === "postgres" ? Math.floor(Math.random() * shards) : 0;
}

/** Splits a list, so that one statement binds fewer values than SQLite (32,766) and PostgreSQL (65,535) allow. */
export function chunks<T>(items: readonly T[], size = chunkSize): T[][] {
  const result: T[][] = [];
  for (let start = 0; start < items.length; start += size) result.push(items.slice(start, start + size));
  return result;
}

export function tenantScope(database: Database, tenantId: string): TenantScope {
  return {
    tenantId,
    engine: database.engine,
    partsFor: (event) => partsFor(database, event),
    rows: (table) => database.sql()(table).where(`${table}.tenant_id`, tenantId),
    insert: (table, row) =>
      database
        .sql()(table)
        .insert({ ...row, tenant_id: tenantId }),
    async insertIfNew(table, row) {
      const insert = database
        .sql()(table)
        .insert({ ...row, tenant_id: tenantId });
      return (await insert.onConflict().ignore().returning("tenant_id")).length === 1;
    },
    upsert: (table, row, key) =>
      database
        .sql()(table)
        .insert({ ...row, tenant_id: tenantId })
        .onConflict(["tenant_id", ...key])
        .merge({ ...row, tenant_id: tenantId }),
    addUp: (table, rows, key, column) =>
      database
        .sql()(table)
        .insert(rows.map((row) => ({ ...row, tenant_id: tenantId, shard: shardOf(database) })))
        .onConflict(["tenant_id", ...key, "shard"])
        .merge({ [column]: database.sql().raw("?? + ??", [`${table}.${column}`, `excluded.${column}`]) }),
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
    raw: (sql, bindings = []) => database.sql().raw(sql, bindings),
  };
}

function partsFor({ subscriptions }: Database, event: EventName): string[] {
  return Object.keys(subscriptions).filter((part) => subscriptions[part]?.includes(event));
}

function onSameTenant(table: string, column: string, other: string) {
  const name = table.split(" as ").at(-1);
  const otherTable = other.split(".")[0];
  return (on: Knex.JoinClause) =>
    on.on(`${name}.tenant_id`, `${otherTable}.tenant_id`).andOn(`${name}.${column}`, other);
}
