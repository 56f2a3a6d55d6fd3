/**
 * Reads the attributes of a request: it finds them by the names that a client used, and converts values to the types of the
 * schema. Nothing here knows users or groups.
 */
import { unpackElement, unpackList } from "./assigned.ts";
import { badRequest } from "./errors.ts";
import { checkBody, isReservedName } from "./exchange.ts";
import { type Attribute, plain, type ResourceSchema } from "./schema.ts";

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
export type JsonObject = { [name: string]: JsonValue };

/**
 * A resource that a client sent: names as the schema spells them, and only attributes that the schema has. An attribute that
 * was sent as null, "", [] or {} is absent (RFC 7643 §2.5).
 */
export interface CleanBody {
  resource: JsonObject;
  /** Attributes that were sent as a list without elements. A PUT takes roles away by such a list, and by nothing else. */
  emptied: ReadonlySet<string>;
}

/** The most that one user may have: far above what any directory sends, far below what would make a row heavy. */
const limits = { text: 1000, elements: 200 };

/**
 * Refuses a message of another type than the address takes. Clients leave `schemas` out, or send it empty: then the address
 * says what the message is. Throws badRequest.
 */
export function checkMessageType(schemas: unknown, urn: string): void {
  if (isEmpty(schemas)) return;
  const named = Array.isArray(schemas) ? schemas : [schemas];
  if (named.some((one) => typeof one === "string" && one.toLowerCase() === urn.toLowerCase())) return;
  throw badRequest("invalidSyntax", `schemas has to name ${urn}.`);
}

/**
 * Reads the body of a POST or PUT. Names match ignoring case (RFC 7643 §2.1), core attributes also below their schema's
 * URN; unknown and read-only attributes are dropped (RFC 7644 §3.3, §3.5.1). The caller checks that required attributes
 * are there. Throws badRequest naming the attribute.
 * @param raw core attributes whose values are returned as they were sent: those of a group have rules of their own.
 */
export function readResource(body: unknown, schema: ResourceSchema, raw: readonly string[] = []): CleanBody {
  checkBody(body);
  if (!isObject(body)) throw badRequest("invalidSyntax", "The body has to be a JSON object.");
  const resource: JsonObject = {};
  const emptied = new Set<string>();
  const seen = new Set<string>();
  const refuseTwice = (label: string) => {
    // Two spellings of one name contradict each other, and readers of the message could disagree on which counts.
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
    refuseTwice(label);
    const clean = raw.includes(label) ? (value as JsonValue) : coerce(attribute, value, label);
    if (attribute.multiValued && elementsIn(value, label).length === 0) emptied.add(label);
    if (clean !== undefined) holder[attribute.name] = clean;
  };
  for (const [name, value] of Object.entries(withSections(body, schema))) {
    const section = sectionNamed(schema, name);
    if (section === null) {
      take(resource, null, name, value);
      continue;
    }
    const entries = Object.entries(sectionValue(section.id, value) ?? {});
    const holder: JsonObject = section.extension === null ? resource : {};
    if (section.extension !== null) refuseTwice(section.extension);
    for (const [inner, innerValue] of entries) take(holder, section.extension, inner, innerValue);
    if (section.extension === null) continue;
    if (Object.keys(holder).length > 0) resource[section.extension] = holder;
  }
  return { resource, emptied };
}

/**
 * A body in which keys that are paths below a schema's URN became members of the object of that URN:
 * `{"urn:…:User:manager.value": "7"}` and `{"urn:…:User.manager.value": "7"}` are `{"urn:…:User": {"manager": {"value":
 * "7"}}}`. Other keys stay as they are. Throws badRequest for an attribute that is there twice, and for a reserved name.
 */
function withSections(body: Record<string, unknown>, schema: ResourceSchema): Record<string, unknown> {
  const paths = Object.keys(body).flatMap((key) => pathBelowUrn(key, schema) ?? []);
  if (paths.length === 0) return body;
  const flat = new Set(paths.map(({ key }) => key));
  const nested = Object.fromEntries(Object.entries(body).filter(([key]) => !flat.has(key)));
  for (const { key, urn, names } of paths) place(nested, [urn, ...names], body[key], key);
  return nested;
}

interface SectionPath {
  key: string;
  urn: string;
  /** An attribute and, if the key has one, its sub-attribute. */
  names: string[];
}

/** Null for a key without the URN of a known schema, for the URN alone, and for more names than a path has. */
function pathBelowUrn(key: string, { core, extensions }: ResourceSchema): SectionPath | null {
  const lower = key.toLowerCase();
  if (!lower.startsWith("urn:")) return null;
  // The longest URN wins: one may be the beginning of another.
  const [urn] = [core, ...extensions]
    .map(({ id }) => id)
    .filter((id) => lower.startsWith(id.toLowerCase()) && /[.:]/.test(key.charAt(id.length)))
    .sort((one, other) => other.length - one.length);
  if (urn === undefined) return null;
  const names = key.slice(urn.length + 1).split(".", 3);
  if (names.some(isReservedName))
    throw badRequest("invalidSyntax", "An attribute has a name that is reserved.");
  return names.length > 2 ? null : { key, urn, names };
}

/** Sets a member of nested objects, whose names match ignoring case (RFC 7643 §2.1). */
function place(
  holder: Record<string, unknown>,
  [name = "", ...rest]: string[],
  value: unknown,
  key: string,
): void {
  const existing = Object.keys(holder).find((one) => one.toLowerCase() === name.toLowerCase());
  const before = existing === undefined ? undefined : holder[existing];
  if (rest.length === 0) {
    if (existing !== undefined) throw badRequest("invalidSyntax", `${key} is there more than once.`);
    holder[name] = value;
    return;
  }
  if (Array.isArray(before) || (typeof before !== "object" && before !== undefined)) {
    throw badRequest("invalidSyntax", `${key} names a part of ${existing}, which is there as a whole.`);
  }
  const inner: Record<string, unknown> = { ...before };
  place(inner, rest, value, key);
  holder[existing ?? name] = inner;
}

/** The schema whose URN a name is, ignoring case; `extension` is null for the core schema. */
export function sectionNamed(
  schema: ResourceSchema,
  name: string,
): { id: string; extension: string | null } | null {
  const urn = name.toLowerCase();
  if (urn === schema.core.id.toLowerCase()) return { id: schema.core.id, extension: null };
  const extension = schema.extensions.find(({ id }) => id.toLowerCase() === urn);
  return extension ? { id: extension.id, extension: extension.id } : null;
}

/** The value that was sent for a whole schema: null if it is empty. Throws badRequest unless it is an object. */
export function sectionValue(urn: string, value: unknown): Record<string, unknown> | null {
  // An object names attributes, even if each of them is empty.
  if (isObject(value)) return value;
  if (isEmpty(value)) return null;
  throw badRequest("invalidValue", `${urn} has to be an object.`);
}

/** The name of an attribute in messages. */
export function labelOf(extension: string | null, attribute: Attribute, sub?: Attribute | null): string {
  const name = sub ? `${attribute.name}.${sub.name}` : attribute.name;
  return extension === null ? name : `${extension}:${name}`;
}

/** Whether an attribute, by the name that labelOf() gives it, assigns values of the application to a user. */
export function isAssigned(label: string): boolean {
  return label === "roles" || label === "entitlements";
}

/**
 * Converts a value to the type that the attribute's definition asks for; undefined if nothing is left of it. A single
 * value is accepted where the attribute has many. Throws badRequest `invalidValue` naming the attribute.
 */
export function coerce(attribute: Attribute, value: unknown, label: string): JsonValue | undefined {
  if (!attribute.multiValued) return coerceOne(attribute, value, label);
  if (isEmpty(value)) return undefined;
  const list = elementsIn(value, label);
  checkLength(list, label);
  const elements = list
    .map((element) => coerceOne(attribute, element, label))
    .filter((element) => element !== undefined && !isIncomplete(element, label)) as JsonValue[];
  return elements.length > 0 ? withOnePrimary(elements) : undefined;
}

/** The elements of a value for an attribute that has many. */
export function elementsIn(value: unknown, label: string): unknown[] {
  if (isAssigned(label)) return unpackList(value);
  return Array.isArray(value) ? value : [value];
}

/** As coerce, for one element of an attribute that has many. */
export function coerceOne(attribute: Attribute, value: unknown, label: string): JsonValue | undefined {
  if (isEmpty(value)) return undefined;
  if (attribute.type !== "complex") return coerceText(attribute, value, label);
  const parts = coerceParts(attribute, value, label);
  const object = Object.fromEntries([...parts].filter(([, part]) => part !== undefined)) as JsonObject;
  // A role without a value stays, to be refused: {"value": "{}"} says something, but names no role.
  return Object.keys(object).length > 0 || isAssigned(label) ? object : undefined;
}

/**
 * The sub-attributes that were sent for a complex value, by the schema's names; undefined for those sent empty. A plain
 * value means the sub-attribute `value`: Entra sends a manager this way, and other clients their e-mail addresses.
 */
export function coerceParts(
  attribute: Attribute,
  value: unknown,
  label: string,
): Map<string, JsonValue | undefined> {
  const known = attribute.subAttributes ?? [];
  const sent = isAssigned(label) ? unpackElement(value) : value;
  const isPlain = typeof sent === "string" || typeof sent === "number";
  const object = isPlain && known.some(({ name }) => name === "value") ? { value: sent } : sent;
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
 * Leaves `primary: true` on at most one element (RFC 7643 §2.4): the last one that the request touched. Entra sends the
 * new primary after the old one, which it does not reset.
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

/** Whether an element has nothing but a type: Okta sends that for a phone number that the user does not have. */
export function saysNothing(element: JsonValue): boolean {
  return isObject(element) && Object.keys(element).every((name) => name === "type" || name === "primary");
}

/** Whether an element is left out. A role without a value is refused instead: the client means to give or revoke a right. */
export function isIncomplete(element: JsonValue, label: string): boolean {
  return !isAssigned(label) && saysNothing(element);
}

/** Throws badRequest if a list is longer than the limit. */
export function checkLength(list: readonly unknown[], label: string): void {
  if (list.length <= limits.elements) return;
  throw badRequest("invalidValue", `${label} has more than ${limits.elements} values.`);
}

/** A plain value in the type that the schema says; undefined if it cannot be read as that type. */
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
  // Okta sends numbers for employeeNumber and costCenter, which RFC 7643 §4.3 defines as strings.
  if (typeof value === "number" && type === "string") return String(value);
  if (typeof value !== "string") return undefined;
  return type === "dateTime" && Number.isNaN(Date.parse(value)) ? undefined : value;
}

/** Unique names and keys are in an index, and PostgreSQL limits an index entry to 2,704 bytes. */
const maxKeyBytes = 2000;

/**
 * Throws badRequest for a unique name or key that some databases cannot store: one that is too long in bytes, also when it
 * is folded for comparison, or that has half of a surrogate pair.
 */
export function checkKeyValue(label: string, value: string | null | undefined): void {
  if (value === null || value === undefined) return;
  // NFKC can grow a text: one character of three bytes can become 33.
  const folded = value.normalize("NFKC").toLowerCase().normalize("NFKC");
  if (Math.max(Buffer.byteLength(value), Buffer.byteLength(folded)) > maxKeyBytes) {
    throw badRequest("invalidValue", `${label} is longer than ${maxKeyBytes} bytes.`);
  }
  if (/\p{Surrogate}/u.test(value)) {
    throw badRequest("invalidValue", `${label} holds a character that cannot be stored.`);
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * RFC 7643 §2.5: null and [] mean no value. So does "": Okta sends it for a field that was emptied. A list or an object of
 * nothing but such values has no value either.
 */
export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  return typeof value === "object" && Object.values(value).every(isEmpty);
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
  // PostgreSQL stores neither: a value that SQLite accepted could not be migrated.
  if (clean.includes("\0") || /\p{Surrogate}/u.test(clean)) {
    throw badRequest("invalidValue", `${label} holds a character that cannot be stored.`);
  }
  return clean;
}

function isPrimary(element: JsonValue): boolean {
  return isObject(element) && element.primary === true;
}

/** Attributes that every resource has and no schema lists (RFC 7643 §3.1). */
const common: Attribute[] = [
  plain("id", { caseExact: true, mutability: "readOnly", returned: "always", uniqueness: "global" }),
  plain("externalId", { caseExact: true }),
  {
    ...plain("schemas", { mutability: "readOnly", returned: "always" }),
    type: "reference",
    multiValued: true,
  },
  {
    ...plain("meta", { mutability: "readOnly" }),
    type: "complex",
    subAttributes: [
      plain("resourceType", { caseExact: true, mutability: "readOnly" }),
      { ...plain("created", { mutability: "readOnly" }), type: "dateTime" },
      { ...plain("lastModified", { mutability: "readOnly" }), type: "dateTime" },
      plain("location", { caseExact: true, mutability: "readOnly" }),
      plain("version", { caseExact: true, mutability: "readOnly" }),
    ],
  },
];

/** A path resolved against a schema: the names as the schema spells them. */
export interface ResolvedPath {
  /** Null for the core schema and the common attributes. */
  extension: string | null;
  attribute: Attribute;
  subAttribute: Attribute | null;
}

/**
 * Finds an attribute by the names that a request used: ignoring case (RFC 7643 §2.1), with or without its schema's URN, and
 * with a colon or a dot after the URN. Null if there is no such attribute.
 */
export function resolveAttribute(
  schema: ResourceSchema,
  path: { schema: string | null; attribute: string; subAttribute: string | null },
): ResolvedPath | null {
  const urn = path.schema?.toLowerCase() ?? null;
  const isCore = urn === null || urn === schema.core.id.toLowerCase();
  const extension = isCore ? null : (schema.extensions.find(({ id }) => id.toLowerCase() === urn) ?? null);
  const isUnknown = !isCore && !extension;
  const candidates = extension ? extension.attributes : [...common, ...schema.core.attributes];
  const attribute = isUnknown ? null : byName(candidates, path.attribute);
  if (!attribute) {
    if (path.schema === null || path.subAttribute === null) return null;
    // The grammar took a dot after the URN for one between an attribute and its sub-attribute.
    const whole = `${path.schema}:${path.attribute}`;
    return resolveAttribute(schema, { schema: whole, attribute: path.subAttribute, subAttribute: null });
  }
  const subAttribute =
    path.subAttribute === null ? null : byName(attribute.subAttributes ?? [], path.subAttribute);
  if (path.subAttribute !== null && !subAttribute) return null;
  return { extension: extension?.id ?? null, attribute, subAttribute };
}

function byName(attributes: readonly Attribute[], name: string): Attribute | null {
  return attributes.find((attribute) => attribute.name.toLowerCase() === name.toLowerCase()) ?? null;
}
