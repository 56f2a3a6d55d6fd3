import type { Knex } from "knex";
import type { FilterAttribute, FilterCondition } from "scim-server/backend";
import { notFilterable } from "scim-server/filter-conditions";

/** SQL expressions by the SCIM attributes that can be searched. */
export type SearchColumns = Readonly<Record<string, string>>;

const comparisons: Record<string, string> = { eq: "=", gt: ">", ge: ">=", lt: "<", le: "<=" };
const patterns: Record<string, (text: string) => string> = {
  co: (text) => `%${text}%`,
  sw: (text) => `${text}%`,
  ew: (text) => `%${text}`,
};

/** A filter in SQL. Throws ScimError 400 for an attribute without a column. */
export function toSql(sql: Knex, columns: SearchColumns, condition: FilterCondition): Knex.Raw {
  const inner = (one: FilterCondition) => toSql(sql, columns, one);
  switch (condition.kind) {
    case "all":
    case "any": {
      const parts = condition.conditions.map(inner);
      if (parts.length === 0) return sql.raw(condition.kind === "all" ? "true" : "false");
      const word = condition.kind === "all" ? " and " : " or ";
      return sql.raw(`(${parts.map(() => "?").join(word)})`, parts);
    }
    case "not":
      // A comparison with null is false here and unknown in SQL. That matters only where it is negated.
      return sql.raw("not coalesce(?, false)", [inner(condition.condition)]);
    case "some":
      // A user has one address, so the element of the list is the user's row.
      columnOf(columns, condition.list);
      return inner(condition.where);
    case "present":
      return sql.raw(`coalesce(${columnOf(columns, condition.attribute)}, '') <> ''`);
    case "compare":
      return comparison(sql, columnOf(columns, condition.attribute), condition);
  }
}

function comparison(
  sql: Knex,
  column: string,
  { attribute, operator, value }: FilterCondition & { kind: "compare" },
): Knex.Raw {
  const ignoresCase = typeof value === "string" && !attribute.caseExact;
  const pattern = patterns[operator];
  if (!pattern)
    return sql.raw(`${column} ${comparisons[operator]} ?${ignoresCase ? " collate nocase" : ""}`, [value]);
  // SQLite's `like` always ignores case.
  if (!ignoresCase) throw notFilterable(attribute);
  return sql.raw(`${column} like ? escape '!'`, [pattern(value.replace(/[%_!]/g, "!$&"))]);
}

function columnOf(columns: SearchColumns, attribute: FilterAttribute): string {
  const column = columns[attribute.name];
  if (column === undefined) throw notFilterable(attribute);
  return column;
}
