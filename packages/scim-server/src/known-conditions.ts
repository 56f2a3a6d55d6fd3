import type { FilterAttribute, FilterCondition, FilterOperator } from "./backend.ts";
import { badRequest } from "./errors.ts";
import { toFilterCondition } from "./filter-conditions.ts";
import type { Filter } from "./grammar.ts";
import { type ResourceSchema, urns } from "./schema.ts";

const always: FilterCondition = { kind: "all", conditions: [] };
const never: FilterCondition = { kind: "any", conditions: [] };

/** Facts that all resources of a list have in common. */
interface ListedType {
  schema: ResourceSchema;
  /** `meta.resourceType`. */
  name: string;
  /** `meta.location` without the id. */
  location: string;
  /** The `$ref` of a group's member without the id. */
  memberLocation: string;
  /** Attributes that no resource lacks. */
  present: readonly string[];
}

/**
 * The condition of a list's filter, without the parts that are known before the store is asked: the schemas and the type of
 * its resources, their locations, and attributes that none of them lacks. Only what depends on stored values remains.
 * Returns true or false if nothing remains: the filter then finds every resource, or none. Throws badRequest as
 * toFilterCondition() does.
 */
export function listCondition(
  filter: Filter,
  schema: ResourceSchema,
  baseUrl: string,
): FilterCondition | boolean {
  const isUser = schema.core.id === urns.user;
  const type: ListedType = {
    schema,
    name: isUser ? "User" : "Group",
    location: `${baseUrl}/${isUser ? "Users" : "Groups"}/`,
    memberLocation: `${baseUrl}/Users/`,
    present: ["id", "schemas", "meta", ...(isUser ? ["userName", "active"] : ["displayName"])],
  };
  const condition = settled(toFilterCondition(filter, schema), type);
  if (isAlways(condition)) return true;
  return isNever(condition) ? false : condition;
}

function settled(condition: FilterCondition, type: ListedType): FilterCondition {
  switch (condition.kind) {
    case "not":
      return negated(settled(condition.condition, type));
    case "all":
    case "any":
      return joined(
        condition.kind,
        condition.conditions.map((one) => settled(one, type)),
      );
    case "some":
      if (condition.list.name === "schemas") return someSchema(condition.where, type);
      return condition.list.name === "members" ? someMember(condition, type) : condition;
    case "present": {
      const { name } = condition.attribute;
      return type.present.includes(name) || name.startsWith("meta.") ? always : condition;
    }
    case "compare":
      return knownComparison(condition, type);
  }
}

function knownComparison(
  condition: FilterCondition & { kind: "compare" },
  type: ListedType,
): FilterCondition {
  const { attribute, operator, value } = condition;
  if (attribute.name === "meta.resourceType")
    return constant(compareTexts(type.name, operator, String(value)));
  if (attribute.name === "meta.location") {
    const id = {
      name: "id",
      path: ["id"],
      type: "string" as const,
      caseExact: true,
      spelled: "meta.location",
    };
    return ofLocation(operator, String(value), type.location, id);
  }
  return attribute.name === "meta.version" ? ofVersion(condition) : condition;
}

/** Every resource has the core schema. It has an extension's if it has one of the extension's attributes. */
function someSchema(where: FilterCondition, { schema }: ListedType): FilterCondition {
  const satisfies = (urn: string) => isAlways(ofText(where, urn));
  if (satisfies(schema.core.id)) return always;
  const extensions = schema.extensions.filter(({ id }) => satisfies(id));
  return joined(
    "any",
    extensions.map(({ id }) => ({ kind: "present", attribute: wholeExtension(id) })),
  );
}

function wholeExtension(id: string): FilterAttribute {
  return { name: id, path: [id], type: "complex", caseExact: false, spelled: "schemas" };
}

/** A condition on the elements of a list of texts, for one element. URNs match ignoring case. */
function ofText(condition: FilterCondition, element: string): FilterCondition {
  switch (condition.kind) {
    case "not":
      return negated(ofText(condition.condition, element));
    case "all":
    case "any":
      return joined(
        condition.kind,
        condition.conditions.map((one) => ofText(one, element)),
      );
    case "compare": {
      const { operator, value } = condition;
      return constant(compareTexts(element.toLowerCase(), operator, String(value).toLowerCase()));
    }
    default:
      return always;
  }
}

/** Every member is a user with an address. Their ids are stored; their names would have to be read one by one. */
function someMember({ list, where }: FilterCondition & { kind: "some" }, type: ListedType): FilterCondition {
  const inner = ofMember(where, type);
  return isNever(inner) ? never : { kind: "some", list, where: inner };
}

function ofMember(condition: FilterCondition, type: ListedType): FilterCondition {
  switch (condition.kind) {
    case "not":
      return negated(ofMember(condition.condition, type));
    case "all":
    case "any":
      return joined(
        condition.kind,
        condition.conditions.map((one) => ofMember(one, type)),
      );
    case "present":
      return always;
    case "compare": {
      const { attribute, operator, value } = condition;
      if (attribute.name === "members.type")
        return constant(compareTexts("user", operator, String(value).toLowerCase()));
      if (attribute.name !== "members.$ref") return condition;
      const id = { ...attribute, name: "members.value", path: ["members", "value"], caseExact: true };
      return ofLocation(operator, String(value), type.memberLocation, id);
    }
    default:
      return condition;
  }
}

/**
 * A location is a known text and the id, so that a condition on it is one on the id.
 * @param attribute the one that has the id.
 */
function ofLocation(
  operator: FilterOperator,
  value: string,
  location: string,
  attribute: FilterAttribute,
): FilterCondition {
  const ofId = (idOperator: FilterOperator, id: string): FilterCondition => ({
    kind: "compare",
    attribute,
    operator: idOperator,
    value: id,
  });
  if (operator === "co" || operator === "ew") {
    if (operator === "co" ? location.includes(value) : value === "") return always;
    // The value is a part of the id, or the end of the known text and the beginning of the id (for `ew`, all of it).
    const lengths = Array.from({ length: Math.min(value.length, location.length) }, (_, index) => index + 1);
    const starts = lengths.filter((length) => location.endsWith(value.slice(0, length)));
    const idOperators = operator === "co" ? (["co", "sw"] as const) : (["ew", "eq"] as const);
    return joined("any", [
      ofId(idOperators[0], value),
      ...starts.map((length) => ofId(idOperators[1], value.slice(length))),
    ]);
  }
  if (value.startsWith(location)) return ofId(operator, value.slice(location.length));
  return constant(compareTexts(location, operator, value));
}

/** A version is shown as the entity tag `W/"3"` and stored as a number. */
function ofVersion(condition: FilterCondition & { kind: "compare" }): FilterCondition {
  const { attribute, operator, value } = condition;
  if (operator !== "eq") {
    throw badRequest("invalidFilter", `"${attribute.spelled}" cannot be compared by "${operator}".`);
  }
  const [, version] = /^(?:W\/)?"(\d{1,15})"$/.exec(String(value)) ?? [];
  if (version === undefined) return never;
  return { ...condition, attribute: { ...attribute, type: "integer" }, value: Number(version) };
}

/** `left operator right`, for texts that are compared exactly. */
function compareTexts(left: string, operator: FilterOperator, right: string): boolean {
  const order = Buffer.compare(Buffer.from(left), Buffer.from(right));
  const results: Record<FilterOperator, boolean> = {
    eq: order === 0,
    co: left.includes(right),
    sw: left.startsWith(right),
    ew: left.endsWith(right),
    gt: order > 0,
    ge: order >= 0,
    lt: order < 0,
    le: order <= 0,
  };
  return results[operator];
}

function constant(holds: boolean): FilterCondition {
  return holds ? always : never;
}

function isAlways(condition: FilterCondition): boolean {
  return condition.kind === "all" && condition.conditions.length === 0;
}

function isNever(condition: FilterCondition): boolean {
  return condition.kind === "any" && condition.conditions.length === 0;
}

function negated(condition: FilterCondition): FilterCondition {
  if (isAlways(condition)) return never;
  return isNever(condition) ? always : { kind: "not", condition };
}

/** `all` or `any` of several conditions, without the constants among them. */
function joined(kind: "all" | "any", conditions: readonly FilterCondition[]): FilterCondition {
  const [decides, isNeutral] = kind === "all" ? [isNever, isAlways] : [isAlways, isNever];
  const decisive = conditions.find(decides);
  if (decisive) return decisive;
  const rest = conditions.filter((one) => !isNeutral(one));
  const [only] = rest;
  return only && rest.length === 1 ? only : { kind, conditions: rest };
}
