import type { Knex } from "knex";
import { type JsonList, jsonNode, jsonRows } from "./condition-json.ts";
import { both, type Comparison, compareSql, type Scalar, type Sql } from "./condition-sql.ts";
import type { TenantScope } from "./tenant/scope.ts";

/** A column of the row itself. Operands for `loginName` and `displayName` must have gone through nameKey(). */
export type RowColumn =
  | "id"
  | "loginName"
  | "displayName"
  | "sourceKey"
  | "active"
  | "createdAt"
  | "updatedAt"
  | "version";

/** Rows of another table that belong to a user (groups, roles) or to a group (members). */
type Relation = "groups" | "roles" | "members";

/**
 * Where a value is. The document is `users.attributes`. Unless `exact`, the value comes from the copy whose texts went
 * through textKey(), so the operands must have gone through it too.
 */
export type ConditionField =
  | { in: "row"; column: RowColumn }
  | { in: "document"; path: readonly string[]; exact: boolean }
  /** Of the list of the enclosing `some`. An empty path is the element itself. */
  | { in: "element"; path: readonly string[]; exact: boolean };

export type ConditionList = JsonList | { in: "relation"; relation: Relation };

/**
 * A condition on rows, independent of any protocol. Each part is true or false, never unknown: a comparison with an
 * absent value, or with one of another type than the operand, is false, and its negation is true.
 */
export type Condition =
  /** Without conditions, `all` is true and `any` is false. */
  | { kind: "all" | "any"; conditions: readonly Condition[] }
  | { kind: "not"; condition: Condition }
  | { kind: "compare"; field: ConditionField; operator: Comparison; value: Scalar }
  /** The value exists and is not empty. */
  | { kind: "present"; field: ConditionField }
  /** One element of the list satisfies all of `where`. Lists do not nest. */
  | { kind: "some"; list: ConditionList; where: Condition };

export interface ConditionContext {
  /** The scope of the query, for its subqueries. */
  scope: TenantScope;
  table: "users" | "groups";
  /** The source that asks: it sees only its own keys (`sourceKey`). */
  sourceId: string;
}

interface Column {
  name: string;
  type: "string" | "number" | "boolean";
  /** Whether an index finds the rows with a given value, and few rows have the same one. */
  selective?: boolean;
}

const rowColumns: Record<RowColumn, Column> = {
  id: { name: "id", type: "string", selective: true },
  loginName: { name: "login_name_key", type: "string", selective: true },
  displayName: { name: "display_name_key", type: "string", selective: true },
  sourceKey: { name: "source_key", type: "string", selective: true },
  active: { name: "active", type: "boolean" },
  createdAt: { name: "created_at", type: "number" },
  updatedAt: { name: "updated_at", type: "number" },
  version: { name: "version", type: "number" },
};

const notInTable: Record<ConditionContext["table"], readonly RowColumn[]> = {
  users: ["displayName"],
  groups: ["loginName", "active"],
};

/** `owner` is the column that refers to the row which the relation belongs to. */
const relations: Record<Relation, { table: string; owner: string; columns: Record<string, string> }> = {
  groups: {
    table: "group_members",
    owner: "group_members.user_id",
    columns: { value: "group_members.group_id", display: "groups.display_name_key" },
  },
  roles: { table: "role_grants", owner: "role_grants.user_id", columns: { value: "role_grants.role" } },
  members: {
    table: "group_members",
    owner: "group_members.group_id",
    columns: { value: "group_members.user_id" },
  },
};

/** Narrows a query on `context.table` to the rows that satisfy the condition. All values are bound. */
export function applyCondition(
  query: Knex.QueryBuilder,
  condition: Condition,
  context: ConditionContext,
): void {
  narrow(query, condition, { ...context, list: null, isNegated: false });
}

/**
 * Whether an index finds the rows, so that the engine reads one or a few: names and ids are unique, and clients give most
 * keys once. Any other condition may read every row of the tenant.
 */
export function isSelective(condition: Condition): boolean {
  if (condition.kind === "all") return condition.conditions.some(isSelective);
  if (condition.kind !== "compare" || condition.operator !== "eq") return false;
  return condition.field.in === "row" && rowColumns[condition.field.column].selective === true;
}

interface Place extends ConditionContext {
  /** The list of the enclosing `some`. */
  list: ConditionList | null;
  /** Whether an odd number of `not` encloses the condition. */
  isNegated: boolean;
}

/**
 * Pushes negations down to the single comparisons, where coalesce() replaces SQL's "unknown" by false. Without a
 * negation, unknown and false select the same rows, and the bare comparison can use an index.
 */
function narrow(query: Knex.QueryBuilder, condition: Condition, place: Place): void {
  switch (condition.kind) {
    case "not":
      narrow(query, condition.condition, { ...place, isNegated: !place.isNegated });
      break;
    case "all":
    case "any":
      narrowAll(query, condition, place);
      break;
    case "some":
      narrowSome(query, condition, place);
      break;
    default: {
      const { sql, bindings } = leafSql(condition, place);
      query.whereRaw(place.isNegated ? `not coalesce(${sql}, false)` : sql, bindings);
    }
  }
}

function narrowAll(
  query: Knex.QueryBuilder,
  { kind, conditions }: Condition & { kind: "all" | "any" },
  place: Place,
): void {
  // De Morgan: a negated "all" is an "any" of negations, and the reverse.
  const every = (kind === "all") !== place.isNegated;
  if (conditions.length === 0) query.whereRaw(every ? "1 = 1" : "1 = 0");
  query.where((group) => {
    for (const condition of conditions) {
      if (every) narrow(group, condition, place);
      else group.orWhere((one) => narrow(one, condition, place));
    }
  });
}

function narrowSome(
  query: Knex.QueryBuilder,
  { list, where }: Condition & { kind: "some" },
  place: Place,
): void {
  if (place.list) throw new Error("a list inside a list");
  const inside = { ...place, list, isNegated: false };
  if (list.in === "relation") {
    // `in`, not `exists`: SQLite then starts from the few related rows, not from every row of the table.
    const rows = relatedRows(place.scope, list.relation);
    narrow(rows, where, inside);
    if (place.isNegated) query.whereNotIn(`${place.table}.id`, rows);
    else query.whereIn(`${place.table}.id`, rows);
    return;
  }
  const { sql, bindings } = jsonRows(place.scope.engine, list);
  const elements = (rows: Knex.QueryBuilder) => {
    rows.from(rows.client.raw(sql, bindings));
    narrow(rows, where, inside);
  };
  if (place.isNegated) query.whereNotExists(elements);
  else query.whereExists(elements);
}

function relatedRows(scope: TenantScope, relation: Relation): Knex.QueryBuilder {
  const { table, owner } = relations[relation];
  const rows = scope.rows(table).select(owner);
  if (relation === "groups") scope.join(rows, "groups", "id", "group_members.group_id");
  if (relation === "roles") rows.where({ "role_grants.source": "scim", "role_grants.source_id": "" });
  return rows;
}

function leafSql(condition: Condition & { kind: "compare" | "present" }, place: Place): Sql {
  const { field } = condition;
  if (field.in === "row") return rowSql(condition, columnOf(field.column, place), place);
  if (field.in === "element" && place.list?.in === "relation") {
    const name = relations[place.list.relation].columns[field.path[0] ?? ""];
    if (name === undefined) throw new Error("the relation has no such column");
    return columnSql(condition, { name, type: "string" }, place);
  }
  const node = jsonNode(place.scope.engine, field, place.list);
  if (condition.kind === "present") return node.present();
  const { operator, value } = condition;
  const expression = node.scalar(typeof value);
  return compareSql(place.scope.engine, { expression, operator, value, isColumn: false });
}

function columnOf(column: RowColumn, { table }: Place): Column {
  if (notInTable[table].includes(column)) throw new Error(`${table} have no ${column}`);
  return { ...rowColumns[column], name: `${table}.${rowColumns[column].name}` };
}

function rowSql(condition: Condition & { kind: "compare" | "present" }, column: Column, place: Place): Sql {
  const sql = columnSql(condition, column, place);
  if (column.name !== `${place.table}.source_key`) return sql;
  return both({ sql: `${place.table}.source_id = ?`, bindings: [place.sourceId] }, sql);
}

function columnSql(
  condition: Condition & { kind: "compare" | "present" },
  { name, type }: Column,
  { scope }: Place,
): Sql {
  if (condition.kind === "present") {
    return { sql: type === "string" ? `${name} <> ''` : `${name} is not null`, bindings: [] };
  }
  const { operator, value } = condition;
  if (typeof value !== type) return { sql: "1 = 0", bindings: [] };
  const expression = { sql: name, bindings: [] };
  return compareSql(scope.engine, { expression, operator, value, isColumn: true });
}
