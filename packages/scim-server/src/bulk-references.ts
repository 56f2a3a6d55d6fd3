import { memberPathLimits, parseKey } from "./grammar.ts";
import { isObject, resolveAttribute, sectionNamed } from "./input.ts";
import { type ResourceSchema, urns } from "./schema.ts";

/** Returns the id for a bulkId, or throws. */
type Resolve = (bulkId: string) => string;

/** The part of a Bulk operation that can refer to other operations. */
interface Referring {
  method: string;
  path: string;
  data: unknown;
}

/**
 * Replaces each reference `bulkId:name` of an operation by an id (RFC 7644 §3.7.2). A reference is in the path, or in the
 * `value` or `$ref` of an attribute that points to resources, such as `members` and `manager`. Elsewhere the same text is a
 * text, for example in a display name.
 */
export function withReferences(
  { method, path, data }: Referring,
  schema: ResourceSchema,
  resolve: Resolve,
): { path: string; data: unknown } {
  const reader: Reader = { schema, resolve };
  const replaced = method === "PATCH" ? patchBody(reader, data) : resource(reader, data, null);
  return { path: replaceInText(path, (name) => resolve(decode(name))), data: replaced };
}

interface Reader {
  schema: ResourceSchema;
  resolve: Resolve;
}

/** @param extension the extension whose attributes `value` has; null for the whole resource. */
function resource(reader: Reader, value: unknown, extension: string | null): unknown {
  if (!isObject(value)) return value;
  return mapMembers(value, (key, inner) => {
    const section = extension === null ? sectionNamed(reader.schema, key) : null;
    if (section) return resource(reader, inner, section.extension);
    const name = extension === null ? key : `${extension}:${key}`;
    return isReference(reader, name) ? reference(reader, inner) : inner;
  });
}

/** The body of a PATCH request: its operations name attributes by a path, or in an object without a path. */
function patchBody(reader: Reader, body: unknown): unknown {
  if (!isObject(body)) return body;
  return mapMembers(body, (key, inner) =>
    key.toLowerCase() === "operations" && Array.isArray(inner)
      ? inner.map((operation) => patchOperation(reader, operation))
      : inner,
  );
}

function patchOperation(reader: Reader, operation: unknown): unknown {
  if (!isObject(operation)) return operation;
  const path = Object.entries(operation).find(([key]) => key.toLowerCase() === "path")?.[1];
  const section = typeof path === "string" ? sectionNamed(reader.schema, path) : null;
  const isTarget = typeof path === "string" && isReference(reader, path);
  return mapMembers(operation, (key, inner) => {
    if (key.toLowerCase() === "path") return isTarget ? referencesInFilter(reader, path) : inner;
    if (key.toLowerCase() !== "value") return inner;
    if (isTarget) return reference(reader, inner);
    const isResource = path === undefined || path === null || path === "" || section !== null;
    return isResource ? resource(reader, inner, section?.extension ?? null) : inner;
  });
}

/** Whether a key or a path names an attribute that points to resources: it has a `$ref`. */
function isReference({ schema }: Reader, path: string): boolean {
  const found = resolved(schema, path);
  if (!found || found.attribute.mutability === "readOnly") return false;
  const { attribute, subAttribute, extension } = found;
  const hasRef = attribute.subAttributes?.some(({ name }) => name === "$ref") ?? false;
  // An application may store a manager's `value` alone.
  const isManager = extension === urns.enterprise && attribute.name === "manager";
  return (hasRef || isManager) && (subAttribute === null || isReferring(subAttribute.name));
}

function resolved(schema: ResourceSchema, path: string) {
  try {
    const parsed = parseKey(path, memberPathLimits);
    return parsed && resolveAttribute(schema, parsed.path);
  } catch {
    // The operation itself will refuse the path.
    return null;
  }
}

/** The value of such an attribute: a plain id, an object, or a list of either. */
function reference(reader: Reader, value: unknown): unknown {
  if (typeof value === "string") return replaceInText(value, reader.resolve);
  if (Array.isArray(value)) return value.map((item) => reference(reader, item));
  if (!isObject(value)) return value;
  return mapMembers(value, (key, inner) => (isReferring(key) ? reference(reader, inner) : inner));
}

function isReferring(subAttribute: string): boolean {
  return ["value", "$ref"].includes(subAttribute.toLowerCase());
}

/** `members[value eq "bulkId:name"]`. */
function referencesInFilter({ resolve }: Reader, path: string): string {
  return path.replace(/"bulkId:([^"\\]+)"/g, (_whole, name: string) => JSON.stringify(resolve(name)));
}

/** Replaces a text that is a reference, or a path or URL that ends with one. */
function replaceInText(text: string, resolve: Resolve): string {
  const [, before, name] = /^((?:.*\/)?)bulkId:([^/]+)$/s.exec(text) ?? [];
  return name === undefined ? text : before + resolve(name);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function mapMembers(
  object: Record<string, unknown>,
  change: (key: string, value: unknown) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(key, value)]));
}
