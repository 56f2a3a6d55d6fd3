import type { FilterAttribute, FilterCondition, FilterOperand } from "./backend.ts";
import { badRequest, type ScimError } from "./errors.ts";
import type { AttributePath, CompareOperator, Filter, FilterValue } from "./grammar.ts";
import { plainValue, type ResolvedPath, resolveAttribute } from "./input.ts";
import type { Attribute, ResourceSchema } from "./schema.ts";

/** The error for an attribute that a store cannot search. */
export function notFilterable({ spelled }: FilterAttribute): ScimError {
  return refusal(spelled, "cannot be used in a filter");
}

/**
 * Checks a filter against a schema. Throws ScimError 400 `invalidFilter` for attributes that do not exist or may not be
 * used, and for comparisons that their type does not allow (RFC 7644 §3.4.2.2).
 */
export function toFilterCondition(filter: Filter, schema: ResourceSchema): FilterCondition {
  switch (filter.kind) {
    case "compare":
      return comparison(filter, schema);
    case "present":
      return presence(filter.path, schema);
    case "element": {
      const { resolved, whole } = findAttribute(filter.path, schema);
      if (!resolved.attribute.multiValued)
        throw refusal(spelled(filter.path), "has one value, so brackets have nothing to choose from");
      return { kind: "some", list: whole, where: ofElement(filter.where, filter.path, schema) };
    }
    default:
      return combined(filter, (operand) => toFilterCondition(operand, schema));
  }
}

/** The part in the brackets of `emails[…]`: its names are sub-attributes, and all of it is about one element. */
function ofElement(where: Filter, list: AttributePath, schema: ResourceSchema): FilterCondition {
  if (where.kind === "element") throw refusal(spelled(list), "cannot have brackets inside its brackets");
  if (where.kind !== "compare" && where.kind !== "present") {
    return combined(where, (operand) => ofElement(operand, list, schema));
  }
  // The elements of a list of plain values have no names; `value` means the element (RFC 7643 §2.4).
  const name = where.path.attribute;
  const isComplex = findAttribute(list, schema).resolved.attribute.type === "complex";
  const isPlain = !isComplex && name.toLowerCase() === "value";
  const { attribute } = findValue({ ...list, subAttribute: isPlain ? null : name }, schema);
  return where.kind === "present" ? present(attribute) : compared(attribute, where.operator, where.value);
}

function combined(
  filter: Filter & { kind: "and" | "or" | "not" },
  inner: (operand: Filter) => FilterCondition,
): FilterCondition {
  if (filter.kind === "not") return { kind: "not", condition: inner(filter.operand) };
  return { kind: filter.kind === "and" ? "all" : "any", conditions: filter.operands.map(inner) };
}

function presence(path: AttributePath, schema: ResourceSchema): FilterCondition {
  const { resolved, whole } = findAttribute(path, schema);
  const { attribute, subAttribute } = resolved;
  if (subAttribute === null && (attribute.type === "complex" || attribute.multiValued)) return present(whole);
  const found = findValue(path, schema);
  return inSome(found, present(found.attribute));
}

/**
 * One of several values has to satisfy the comparison (RFC 7644 §3.4.2.2). No value at all is "not identical" to any, so it
 * satisfies `ne`; `eq null` asks for that, and `ne null` for the opposite.
 */
function comparison(
  { path, operator, value }: Filter & { kind: "compare" },
  schema: ResourceSchema,
): FilterCondition {
  const found = findValue(path, schema);
  const condition = compared(found.attribute, operator, value);
  if (value === null) {
    const hasValue = inSome(found, present(found.attribute));
    return operator === "ne" ? hasValue : { kind: "not", condition: hasValue };
  }
  if (!found.list || operator !== "ne") return inSome(found, condition);
  const isEmpty: FilterCondition = { kind: "not", condition: inSome(found, { kind: "all", conditions: [] }) };
  return { kind: "any", conditions: [inSome(found, condition), isEmpty] };
}

function inSome({ list }: FoundValue, where: FilterCondition): FilterCondition {
  return list ? { kind: "some", list, where } : where;
}

function present(attribute: FilterAttribute): FilterCondition {
  return { kind: "present", attribute };
}

function compared(
  attribute: FilterAttribute,
  operator: CompareOperator,
  value: FilterValue,
): FilterCondition {
  if (value === null) {
    if (operator !== "eq" && operator !== "ne") {
      throw refusal(attribute.spelled, `cannot be compared with null by "${operator}"`);
    }
    return operator === "ne" ? present(attribute) : { kind: "not", condition: present(attribute) };
  }
  const operand = operandOf(attribute, operator, value);
  if (operator === "ne")
    return { kind: "not", condition: { kind: "compare", attribute, operator: "eq", value: operand } };
  return { kind: "compare", attribute, operator, value: operand };
}

const equality: readonly CompareOperator[] = ["eq", "ne"];
const order: readonly CompareOperator[] = [...equality, "gt", "ge", "lt", "le"];
const text: readonly CompareOperator[] = [...order, "co", "sw", "ew"];

interface OperandRule {
  operators: readonly CompareOperator[];
  /** The operand's type in words. */
  words: string;
}

/** RFC 7644 §3.4.2.2: booleans and binary values have no order. */
const operandRules: Record<Attribute["type"], OperandRule> = {
  string: { operators: text, words: "a text in double quotes" },
  reference: { operators: text, words: "a text in double quotes" },
  binary: { operators: equality, words: "a text in double quotes" },
  boolean: { operators: equality, words: "true or false" },
  integer: { operators: order, words: "a number" },
  decimal: { operators: order, words: "a number" },
  dateTime: { operators: order, words: "a date, or a date and time, in double quotes" },
  complex: { operators: [], words: "nothing" },
};

/**
 * The operand in the attribute's type. It is converted as the values of a body are: clients write `active eq "True"` and
 * `employeeNumber eq 4711`.
 */
function operandOf(
  { spelled, type }: FilterAttribute,
  operator: CompareOperator,
  value: FilterOperand,
): FilterOperand {
  const rule = operandRules[type];
  if (!rule.operators.includes(operator)) throw refusal(spelled, `cannot be compared by "${operator}"`);
  // No integer equals 12.5, but some are above it.
  const operand =
    type === "dateTime" ? milliseconds(value) : plainValue(type === "integer" ? "decimal" : type, value);
  if (operand === undefined) throw refusal(spelled, `can only be compared with ${rule.words}`);
  return operand;
}

/** Date, time of day and zone. A "+" that was not percent-encoded arrives as a space. */
const dateTimePattern = /^(\d{4}-\d\d-\d\d)(?:t(\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?(z|[ +-]\d\d:?\d\d)?$/i;

/**
 * An xsd:dateTime (RFC 7643 §2.3.5) as milliseconds since the epoch; undefined if it is not one. Finer fractions are cut
 * off, as in the times that answers show. Without a zone it is UTC, and without a time of day it is midnight.
 */
function milliseconds(dateTime: FilterOperand): number | undefined {
  const parts = dateTimePattern.exec(String(dateTime));
  if (!parts) return undefined;
  const [, day = "", time = "00:00", zone = "Z"] = parts;
  const [sign, hours, minutes] = [zone.charAt(0).replace(" ", "+"), zone.slice(1, 3), zone.slice(-2)];
  const offset = zone.toUpperCase() === "Z" ? "Z" : `${sign}${hours}:${minutes}`;
  const midnight = Date.parse(`${day}T00:00:00Z`);
  const result = Date.parse(`${day}T${time}${offset}`);
  // Date.parse() turns the 30th of February into a day in March.
  const exists = !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day);
  return exists && !Number.isNaN(result) ? result : undefined;
}

/** The value that a path means: of a complex attribute its `value`, unless the path names another sub-attribute. */
interface FoundValue {
  attribute: FilterAttribute;
  /** The list whose elements have the attribute; null for an attribute with one value. */
  list: FilterAttribute | null;
}

function findValue(path: AttributePath, schema: ResourceSchema): FoundValue {
  const { resolved, whole } = findAttribute(path, schema);
  const { attribute } = resolved;
  const defaultSub = attribute.subAttributes?.find(({ name }) => name === "value") ?? null;
  const subAttribute = resolved.subAttribute ?? defaultSub;
  const leaf = subAttribute ?? attribute;
  if (leaf.type === "complex") throw refusal(whole.spelled, "needs a sub-attribute");
  const value: FilterAttribute = {
    name: subAttribute ? `${whole.name}.${subAttribute.name}` : whole.name,
    path: subAttribute ? [...whole.path, subAttribute.name] : whole.path,
    type: leaf.type,
    caseExact: leaf.caseExact ?? false,
    spelled: whole.spelled,
  };
  return { attribute: value, list: attribute.multiValued ? whole : null };
}

/** `whole` is the attribute without a sub-attribute. */
function findAttribute(
  path: AttributePath,
  schema: ResourceSchema,
): { resolved: ResolvedPath; whole: FilterAttribute } {
  const resolved = resolveAttribute(schema, path) ?? withoutUrn(path, schema);
  if (!resolved) throw refusal(spelled(path), "is not an attribute of this resource");
  const { extension, attribute, subAttribute } = resolved;
  if (attribute.returned === "never" || subAttribute?.returned === "never") {
    throw refusal(spelled(path), "cannot be used in a filter");
  }
  const { name, type, caseExact = false } = attribute;
  const whole: FilterAttribute = {
    name: extension === null ? name : `${extension}:${name}`,
    path: extension === null ? [name] : [extension, name],
    type,
    caseExact,
    spelled: spelled(path),
  };
  return { resolved, whole };
}

/** RFC 7644 §3.10 wants the URN before an extension's attribute. Entra asks for `manager` without it. */
function withoutUrn(path: AttributePath, schema: ResourceSchema): ResolvedPath | null {
  if (path.schema !== null) return null;
  for (const { id } of schema.extensions) {
    const resolved = resolveAttribute(schema, { ...path, schema: id });
    if (resolved) return resolved;
  }
  return null;
}

function spelled({ schema, attribute, subAttribute }: AttributePath): string {
  return `${schema === null ? "" : `${schema}:`}${attribute}${subAttribute === null ? "" : `.${subAttribute}`}`;
}

function refusal(name: string, reason: string): ScimError {
  return badRequest("invalidFilter", `"${name}" ${reason}.`);
}
