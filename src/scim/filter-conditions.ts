import type { Comparison, Condition, Scalar } from "../store/conditions.ts";
import { nameKey, textKey } from "../store/text-keys.ts";
import { badRequest } from "./errors.ts";
import { type Located, locate, locateList, locateWhole, refused } from "./filter-locations.ts";
import type { AttributePath, CompareOperator, Filter, FilterValue } from "./filter-parser.ts";
import type { Attribute, ResourceSchema } from "./schema.ts";

/**
 * What a filter asks of the stored rows. Throws ScimError 400 `invalidFilter` for attributes that do not exist or
 * cannot be asked for, and for comparisons that their type does not allow (RFC 7644 §3.4.2.2).
 */
export function toCondition(filter: Filter, schema: ResourceSchema): Condition {
  switch (filter.kind) {
    case "compare":
      return comparison(filter, schema);
    case "present":
      return presence(filter.path, schema);
    case "element": {
      const { list, complex } = locateList(filter.path, schema);
      return { kind: "some", list, where: ofElement(filter.where, filter.path, complex, schema) };
    }
    default:
      return combined(filter, (operand) => toCondition(operand, schema));
  }
}

/** What stands in the brackets of `emails[…]`: names are sub-attributes there, and all of it is about one element. */
function ofElement(where: Filter, list: AttributePath, complex: boolean, schema: ResourceSchema): Condition {
  if (where.kind === "element") throw refused(list, "cannot have brackets inside its brackets");
  if (where.kind !== "compare" && where.kind !== "present") {
    return combined(where, (operand) => ofElement(operand, list, complex, schema));
  }
  // A list of plain values has elements without names; `value` stands for them (RFC 7643 §2.4).
  const name = where.path.attribute;
  const isPlain = !complex && name.toLowerCase() === "value";
  const located = locate({ ...list, subAttribute: isPlain ? null : name }, schema);
  return where.kind === "present" ? presentIn(located) : compared(located, where.operator, where.value);
}

function combined(
  filter: Filter & { kind: "and" | "or" | "not" },
  inner: (operand: Filter) => Condition,
): Condition {
  if (filter.kind === "not") return { kind: "not", condition: inner(filter.operand) };
  return { kind: filter.kind === "and" ? "all" : "any", conditions: filter.operands.map(inner) };
}

function presence(path: AttributePath, schema: ResourceSchema): Condition {
  const whole = locateWhole(path, schema);
  if (whole) return { kind: "present", field: whole };
  const located = locate(path, schema);
  return inSome(located, presentIn(located));
}

/**
 * Of several values one has to satisfy the comparison (RFC 7644 §3.4.2.2). No value at all is "not identical" to any,
 * and so satisfies `ne`; `eq null` asks for that, and `ne null` for the opposite.
 */
function comparison(
  { path, operator, value }: Filter & { kind: "compare" },
  schema: ResourceSchema,
): Condition {
  const located = locate(path, schema);
  const condition = compared(located, operator, value);
  if (value === null) {
    const present = inSome(located, presentIn(located));
    return operator === "ne" ? present : { kind: "not", condition: present };
  }
  if (!located.list || operator !== "ne") return inSome(located, condition);
  const nothing: Condition = { kind: "not", condition: inSome(located, { kind: "all", conditions: [] }) };
  return { kind: "any", conditions: [inSome(located, condition), nothing] };
}

function inSome({ list }: Located, where: Condition): Condition {
  return list ? { kind: "some", list, where } : where;
}

function presentIn({ field }: Located): Condition {
  return { kind: "present", field };
}

function compared(located: Located, operator: CompareOperator, value: FilterValue): Condition {
  const { field } = located;
  if (value === null) {
    if (operator !== "eq" && operator !== "ne") {
      throw badRequest("invalidFilter", `"${located.name}" cannot be compared with null by "${operator}".`);
    }
    return operator === "ne" ? presentIn(located) : { kind: "not", condition: presentIn(located) };
  }
  const comparable = operand(located, operator, value);
  const compare = (comparison: Comparison): Condition => ({
    kind: "compare",
    field,
    operator: comparison,
    value: comparable,
  });
  return operator === "ne" ? { kind: "not", condition: compare("eq") } : compare(operator);
}

const equality: readonly CompareOperator[] = ["eq", "ne"];
const order: readonly CompareOperator[] = [...equality, "gt", "ge", "lt", "le"];
const text: readonly CompareOperator[] = [...order, "co", "sw", "ew"];

interface Rule {
  operators: readonly CompareOperator[];
  operand: "string" | "number" | "boolean";
  /** The operand's type in words. */
  words: string;
}

/** RFC 7644 §3.4.2.2: booleans and binaries have no order. */
const rules: Record<Attribute["type"], Rule> = {
  string: { operators: text, operand: "string", words: "a string" },
  reference: { operators: text, operand: "string", words: "a string" },
  binary: { operators: equality, operand: "string", words: "a string" },
  boolean: { operators: equality, operand: "boolean", words: "true or false" },
  integer: { operators: order, operand: "number", words: "a number" },
  decimal: { operators: order, operand: "number", words: "a number" },
  dateTime: { operators: order, operand: "string", words: "a date and time" },
  complex: { operators: [], operand: "string", words: "nothing" },
};

function operand(located: Located, operator: CompareOperator, value: Scalar): Scalar {
  const { name, type, exact } = located;
  const rule = rules[type];
  if (!rule.operators.includes(operator)) {
    throw badRequest("invalidFilter", `"${name}" cannot be compared by "${operator}".`);
  }
  const comparable = type === "dateTime" && typeof value === "string" ? milliseconds(value) : value;
  if (typeof value !== rule.operand || comparable === null) {
    throw badRequest("invalidFilter", `"${name}" can only be compared with ${rule.words}.`);
  }
  if (typeof comparable !== "string" || exact) return comparable;
  return isUniqueName(located) ? nameKey(comparable) : textKey(comparable);
}

/** Login names, names of groups, and those of a person's groups: columns that hold what nameKey() makes of them. */
function isUniqueName({ field, list }: Located): boolean {
  if (field.in === "row") return field.column === "loginName" || field.column === "displayName";
  return list?.in === "relation" && field.path[0] === "display";
}

/**
 * An xsd:dateTime (RFC 7643 §2.3.5) as milliseconds since the epoch; null when it is none. Finer fractions are cut off,
 * as they are in the times that we show. Without a zone it is in UTC.
 */
function milliseconds(dateTime: string): number | null {
  const parts = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(Z|[+-]\d\d:\d\d)?$/.exec(dateTime);
  if (!parts) return null;
  const [, day = "", zone] = parts;
  const midnight = Date.parse(`${day}T00:00:00Z`);
  const result = Date.parse(zone === undefined ? `${dateTime}Z` : dateTime);
  // Date.parse() takes the 30th of February for a day in March.
  const exists = !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day);
  return exists && !Number.isNaN(result) ? result : null;
}
