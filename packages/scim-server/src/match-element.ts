import { unpackElement } from "./assigned.ts";
import { badRequest } from "./errors.ts";
import { nameOf } from "./former-names.ts";
import type { AttributePath, CompareOperator, Filter, FilterValue } from "./grammar.ts";
import {
  checkLength,
  coerceOne,
  elementsIn,
  isAssigned,
  isObject,
  type JsonObject,
  type JsonValue,
  plainValue,
  saysNothing,
  withOnePrimary,
} from "./input.ts";
import type { Attribute } from "./schema.ts";

type Plain = string | number | boolean;
type Test = (element: JsonValue) => boolean;

/**
 * Turns a value filter into a test of one element of a multi-valued attribute (RFC 7644 §3.5.2). It serves the elements of
 * one resource; the application's database filters lists. Every name is checked at once, even if there are no elements.
 * Throws badRequest `invalidFilter`.
 */
export function elementTest(attribute: Attribute, where: Filter): Test {
  switch (where.kind) {
    case "and":
    case "or": {
      const tests = where.operands.map((operand) => elementTest(attribute, operand));
      return where.kind === "and"
        ? (element) => tests.every((test) => test(element))
        : (element) => tests.some((test) => test(element));
    }
    case "not": {
      const test = elementTest(attribute, where.operand);
      return (element) => !test(element);
    }
    case "present": {
      const { read } = part(attribute, where.path);
      return (element) => read(element) !== undefined;
    }
    case "compare": {
      const { definition, read } = part(attribute, where.path);
      const holds = comparison(definition, where.operator, wantedValue(attribute, definition, where.value));
      return (element) => holds(read(element));
    }
    case "element":
      throw badRequest("invalidFilter", "A value filter cannot hold another one.");
  }
}

/**
 * The element that a filter describes by its `eq` comparisons: `type eq "work"` is {type: "work"}. Clients, above all
 * Entra, name an element this way before it exists. Null if such an element would not match the whole filter.
 */
export function elementOf(attribute: Attribute, where: Filter): JsonObject | null {
  const element = equalities(attribute, where);
  return Object.keys(element).length > 0 && elementTest(attribute, where)(element) ? element : null;
}

/** The values that the `eq` comparisons of a filter ask for; empty if they are not joined by `and`. */
export function equalities(attribute: Attribute, where: Filter): JsonObject {
  if (where.kind === "and") {
    return Object.assign({}, ...where.operands.map((operand) => equalities(attribute, operand)));
  }
  if (where.kind !== "compare" || where.operator !== "eq" || where.value === null) return {};
  const { definition } = part(attribute, where.path);
  const value = plainValue(definition.type, wantedValue(attribute, definition, where.value));
  if (value === undefined || definition.mutability === "readOnly") return {};
  return { [definition.name]: value };
}

/**
 * Two elements with the same identity are the same: it is the value and the type, a pair that may occur once (RFC 7643
 * §2.4), or everything except `primary` for an element without a value.
 */
function identityOf(attribute: Attribute, element: JsonValue, ignoreType = false): string {
  if (!isObject(element)) return JSON.stringify(fold(attribute, element as Plain));
  const parts = (attribute.subAttributes ?? []).filter(({ name }) =>
    element.value === undefined ? name !== "primary" : name === "value" || (name === "type" && !ignoreType),
  );
  return JSON.stringify(parts.map((sub) => fold(sub, (element[sub.name] ?? "") as Plain)));
}

/** Adds elements. One that exists already is not repeated (RFC 7644 §3.5.2.1); its other sub-attributes are updated. */
export function withAdded(attribute: Attribute, before: JsonValue[], added: JsonValue[]): JsonValue[] {
  const after = [...before];
  const places = new Map<string, number>();
  for (const [index, element] of [...before.entries()].reverse()) {
    places.set(identityOf(attribute, element), index);
  }
  const touched = new Set<number>();
  for (const element of added) {
    const key = identityOf(attribute, element);
    const place = places.get(key) ?? after.length;
    const existing = after[place];
    after[place] = isObject(existing) ? { ...existing, ...(element as JsonObject) } : (existing ?? element);
    places.set(key, place);
    touched.add(place);
  }
  return withOnePrimary(after, (index) => touched.has(index));
}

/**
 * Removes the elements that a value lists. An element that is listed without a type matches any type. A role without a type
 * matches any listed type, too: Entra lists types that other clients never gave.
 */
export function withoutListed(
  attribute: Attribute,
  before: JsonValue[],
  value: unknown,
  label: string,
): JsonValue[] {
  const listed = listedElements(attribute, value, label);
  const exact = new Set(listed.map((element) => identityOf(attribute, element)));
  const untyped = listed.filter((element) => isObject(element) && element.type === undefined);
  const ofAnyType = new Set(untyped.map((element) => identityOf(attribute, element, true)));
  const roles = isAssigned(label) ? listed.map((element) => identityOf(attribute, element, true)) : [];
  const ofAnyRole = new Set(roles);
  return before.filter((element) => {
    const withoutType = identityOf(attribute, element, true);
    if (isObject(element) && element.type === undefined && ofAnyRole.has(withoutType)) return false;
    return !exact.has(identityOf(attribute, element)) && !ofAnyType.has(withoutType);
  });
}

function listedElements(attribute: Attribute, value: unknown, label: string): JsonValue[] {
  const list = elementsIn(value, label);
  checkLength(list, label);
  return list.map((element) => {
    const clean = coerceOne(attribute, element, label);
    const isKey = !isAssigned(label) || (isObject(clean) && clean.value !== undefined);
    if (clean !== undefined && !saysNothing(clean) && isKey) return clean;
    throw badRequest("invalidValue", `${label} lists a value to remove that does not say which.`);
  });
}

/** The sub-attribute that a path in a filter names. A plain element is its own `value` (RFC 7643 §2.4). */
function part(attribute: Attribute, path: AttributePath) {
  const isName = (name: string) => path.attribute.toLowerCase() === name.toLowerCase();
  const isPlain = attribute.type !== "complex";
  const definition = isPlain
    ? isName("value") && { ...attribute, name: "value" }
    : attribute.subAttributes?.find(({ name }) => isName(name));
  if (!definition || path.schema !== null || path.subAttribute !== null) {
    throw badRequest("invalidFilter", `${attribute.name} has no sub-attribute "${path.attribute}".`);
  }
  const read = (element: JsonValue): Plain | undefined => {
    if (isPlain) return element as Plain;
    const isDisplay = definition.name === "display";
    return (isDisplay ? nameOf(element as JsonObject) : (element as JsonObject)[definition.name]) as
      | Plain
      | undefined;
  };
  return { definition, read };
}

/** A filter may name a role as Entra writes it, as JSON in a text. */
function wantedValue(attribute: Attribute, definition: Attribute, wanted: FilterValue): FilterValue {
  if (!isAssigned(attribute.name) || definition.name !== "value") return wanted;
  const unpacked = unpackElement(wanted);
  return isObject(unpacked) ? (unpacked.value as FilterValue) : wanted;
}

function comparison(definition: Attribute, operator: CompareOperator, wanted: FilterValue) {
  const { name, type } = definition;
  if (wanted === null) {
    // RFC 7644 §3.4.2.2: null means no value.
    if (operator === "eq") return (value: Plain | undefined) => value === undefined;
    if (operator === "ne") return (value: Plain | undefined) => value !== undefined;
    throw badRequest("invalidFilter", `${name} cannot be compared with null by ${operator}.`);
  }
  // A string may be compared with a number: numbers are stored as strings where the schema says string.
  const literal = plainValue(type, wanted);
  const isText = typeof literal === "string" && type !== "dateTime";
  const onTextsOnly = operator === "co" || operator === "sw" || operator === "ew";
  // RFC 7644 §3.4.2.2: a boolean or binary value has no order.
  const unordered = (type === "boolean" || type === "binary") && operator !== "eq" && operator !== "ne";
  if (literal === undefined || unordered || (onTextsOnly && !isText)) {
    throw badRequest("invalidFilter", `${name} cannot be compared so by ${operator}.`);
  }
  const right = fold(definition, literal);
  return (value: Plain | undefined) =>
    value === undefined ? operator === "ne" : compare(fold(definition, value), operator, right);
}

function compare(left: Plain, operator: CompareOperator, right: Plain): boolean {
  switch (operator) {
    case "eq":
      return left === right;
    case "ne":
      return left !== right;
    case "co":
      return String(left).includes(String(right));
    case "sw":
      return String(left).startsWith(String(right));
    case "ew":
      return String(left).endsWith(String(right));
    case "gt":
      return left > right;
    case "ge":
      return left >= right;
    case "lt":
      return left < right;
    case "le":
      return left <= right;
  }
}

/** The form in which values are compared: strings ignore case unless the schema says otherwise (RFC 7643 §2.2). */
function fold({ type, caseExact }: Attribute, value: Plain): Plain {
  if (typeof value !== "string") return value;
  if (type === "dateTime") return Date.parse(value);
  return caseExact ? value : value.normalize("NFC").toLowerCase();
}
