import { badRequest } from "./errors.ts";
import { checkBody } from "./reserved-names.ts";
import { type Attribute, type ResourceSchema, resolveAttribute } from "./schema.ts";

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
export type JsonObject = { [name: string]: JsonValue };

/** What a client sent of a user, in the schema's own spelling, and nothing that the schema does not know. */
export interface ScimUserInput {
  resource: JsonObject;
  /**
   * Attributes that were sent as null, "", [] or {}, which RFC 7643 §2.5 makes the same as having none: names of core
   * attributes, `urn:…:User:department` for an extension's, the URN alone for a whole extension. What is neither here
   * nor in the resource was not sent.
   */
  cleared: ReadonlySet<string>;
}

/** What one person may carry: far above what any directory sends, far below what would make a row heavy. */
const limits = { text: 1000, elements: 200 };

/**
 * Cleans the body of a POST or PUT. Names are matched ignoring case (RFC 7643 §2.1), core attributes also below their
 * schema's URN; what is unknown or read-only is dropped (RFC 7644 §3.3, §3.5.1). Whether everything required is there
 * is the caller's question. Throws badRequest naming the attribute.
 */
export function normaliseUser(body: unknown, schema: ResourceSchema): ScimUserInput {
  checkBody(body);
  if (!isObject(body)) throw badRequest("invalidSyntax", "The body has to be a JSON object.");
  const resource: JsonObject = {};
  const cleared = new Set<string>();
  const seen = new Set<string>();
  const once = (label: string) => {
    // Two spellings of one name contradict each other, and each reader of the message would pick another one.
    if (seen.has(label)) throw badRequest("invalidSyntax", `${label} is there more than once.`);
    seen.add(label);
  };
  const take = (holder: JsonObject, extension: string | null, name: string, value: unknown) => {
    const attribute = resolveAttribute(schema, {
      schema: extension,
      attribute: name,
      subAttribute: null,
    })?.attribute;
    if (!attribute || attribute.mutability === "readOnly") return;
    const label = labelOf(extension, attribute);
    once(label);
    const clean = coerce(attribute, value, label);
    if (clean === undefined) cleared.add(label);
    else holder[attribute.name] = clean;
  };
  for (const [name, value] of Object.entries(body)) {
    const section = sectionNamed(schema, name);
    if (section === null) {
      take(resource, null, name, value);
      continue;
    }
    const entries = Object.entries(sectionValue(section.id, value) ?? {});
    const holder: JsonObject = section.extension === null ? resource : {};
    if (section.extension !== null) once(section.extension);
    for (const [inner, innerValue] of entries) take(holder, section.extension, inner, innerValue);
    if (section.extension === null) continue;
    if (entries.length === 0) cleared.add(section.extension);
    if (Object.keys(holder).length > 0) resource[section.extension] = holder;
  }
  return { resource, cleared };
}

/** The schema that a name is the URN of, ignoring case; `extension` is null for the core schema. */
export function sectionNamed(
  schema: ResourceSchema,
  name: string,
): { id: string; extension: string | null } | null {
  const urn = name.toLowerCase();
  if (urn === schema.core.id.toLowerCase()) return { id: schema.core.id, extension: null };
  const extension = schema.extensions.find(({ id }) => id.toLowerCase() === urn);
  return extension ? { id: extension.id, extension: extension.id } : null;
}

/** What was sent for a whole schema: null when it was empty. Throws badRequest for anything but an object. */
export function sectionValue(urn: string, value: unknown): Record<string, unknown> | null {
  if (isEmpty(value)) return null;
  if (!isObject(value)) throw badRequest("invalidValue", `${urn} has to be an object.`);
  return value;
}

/** How an attribute is called in messages. */
export function labelOf(extension: string | null, attribute: Attribute, sub?: Attribute | null): string {
  const name = sub ? `${attribute.name}.${sub.name}` : attribute.name;
  return extension === null ? name : `${extension}:${name}`;
}

/**
 * A value in the form that the attribute's definition asks for; undefined when nothing is left of it. A single value is
 * accepted where the attribute has many. Throws badRequest `invalidValue` naming the attribute.
 */
export function coerce(attribute: Attribute, value: unknown, label: string): JsonValue | undefined {
  if (!attribute.multiValued) return coerceOne(attribute, value, label);
  if (isEmpty(value)) return undefined;
  const list = Array.isArray(value) ? value : [value];
  checkLength(list, label);
  const elements = list
    .map((element) => coerceOne(attribute, element, label))
    .filter((element) => element !== undefined && !saysNothing(element)) as JsonValue[];
  return elements.length > 0 ? withOnePrimary(elements) : undefined;
}

/** As coerce, for one element of an attribute that has many. */
export function coerceOne(attribute: Attribute, value: unknown, label: string): JsonValue | undefined {
  if (isEmpty(value)) return undefined;
  if (attribute.type !== "complex") return coerceText(attribute, value, label);
  const parts = coerceParts(attribute, value, label);
  const object = Object.fromEntries([...parts].filter(([, part]) => part !== undefined)) as JsonObject;
  return Object.keys(object).length > 0 ? object : undefined;
}

/**
 * The sub-attributes that were sent for a complex value, by the schema's names; undefined for those sent empty. A plain
 * value stands for its `value`: Entra sends a manager so, and other clients their e-mail addresses.
 */
export function coerceParts(
  attribute: Attribute,
  value: unknown,
  label: string,
): Map<string, JsonValue | undefined> {
  const known = attribute.subAttributes ?? [];
  const isPlain = typeof value === "string" || typeof value === "number";
  const object = isPlain && known.some(({ name }) => name === "value") ? { value } : value;
  if (!isObject(object)) throw badRequest("invalidValue", `${label} has to be an object.`);
  const parts = new Map<string, JsonValue | undefined>();
  for (const [name, part] of Object.entries(object)) {
    const sub = known.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (!sub || sub.mutability === "readOnly") continue;
    if (parts.has(sub.name))
      throw badRequest("invalidSyntax", `${label}.${sub.name} is there more than once.`);
    parts.set(sub.name, coerce(sub, part, `${label}.${sub.name}`));
  }
  return parts;
}

/**
 * Leaves `primary: true` on one element at most (RFC 7643 §2.4): the last of those that a request touched, as Entra
 * sends the new one after the old one, which it does not reset.
 */
export function withOnePrimary(
  elements: readonly JsonValue[],
  touched: (index: number) => boolean = () => true,
): JsonValue[] {
  const winner = elements.findLastIndex((element, index) => touched(index) && isPrimary(element));
  if (winner < 0) return [...elements];
  return elements.map((element, index) =>
    index !== winner && isPrimary(element) ? { ...(element as JsonObject), primary: false } : element,
  );
}

/** An element of which only the kind is left, as Okta sends for a phone number that nobody has. */
export function saysNothing(element: JsonValue): boolean {
  return isObject(element) && Object.keys(element).every((name) => name === "type" || name === "primary");
}

/** Throws badRequest when a list is longer than we store. */
export function checkLength(list: readonly unknown[], label: string): void {
  if (list.length <= limits.elements) return;
  throw badRequest("invalidValue", `${label} has more than ${limits.elements} values.`);
}

/** A plain value in its type; undefined when it cannot be read so. */
export function plainValue(type: Attribute["type"], value: unknown): string | number | boolean | undefined {
  if (type === "boolean") {
    if (typeof value === "boolean") return value;
    // Entra sends "True" and "False".
    const word = typeof value === "string" ? value.toLowerCase() : "";
    return word === "true" ? true : word === "false" ? false : undefined;
  }
  if (type === "integer" || type === "decimal") {
    const isNumeral = typeof value === "string" && /^-?\d+(?:\.\d+)?$/.test(value);
    const number = isNumeral ? Number(value) : value;
    if (typeof number !== "number" || !Number.isFinite(number)) return undefined;
    return type === "decimal" || Number.isSafeInteger(number) ? number : undefined;
  }
  // Okta sends numbers for employeeNumber and costCenter, which RFC 7643 §4.3 defines as texts.
  if (typeof value === "number" && type === "string") return String(value);
  if (typeof value !== "string") return undefined;
  return type === "dateTime" && Number.isNaN(Date.parse(value)) ? undefined : value;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** RFC 7643 §2.5: null and [] are the same as nothing. So is "": Okta sends it for a field that was emptied. */
export function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0)
  );
}

function coerceText(attribute: Attribute, value: unknown, label: string): JsonValue {
  const clean = plainValue(attribute.type, value);
  const article = /^[aeiou]/.test(attribute.type) ? "an" : "a";
  if (clean === undefined)
    throw badRequest("invalidValue", `${label} has to be ${article} ${attribute.type}.`);
  if (typeof clean !== "string") return clean;
  if (clean.length > limits.text) {
    throw badRequest("invalidValue", `${label} is longer than ${limits.text} characters.`);
  }
  // PostgreSQL stores neither, so what SQLite took would be lost on the way to it.
  if (clean.includes("\0") || /\p{Surrogate}/u.test(clean)) {
    throw badRequest("invalidValue", `${label} holds a character that cannot be stored.`);
  }
  return clean;
}

function isPrimary(element: JsonValue): boolean {
  return isObject(element) && element.primary === true;
}
