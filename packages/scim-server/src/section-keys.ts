import { badRequest } from "./errors.ts";
import { isReservedName } from "./reserved-names.ts";
import type { ResourceSchema } from "./schema.ts";

type Json = Record<string, unknown>;

/**
 * A body in which keys that are paths below a schema's URN became members of the object of that URN:
 * `{"urn:…:User:manager.value": "7"}` and `{"urn:…:User.manager.value": "7"}` are `{"urn:…:User": {"manager": {"value":
 * "7"}}}`. Other keys stay as they are. Throws badRequest for an attribute that is there twice, and for a reserved name.
 */
export function withSections(body: Json, schema: ResourceSchema): Json {
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
function place(holder: Json, [name = "", ...rest]: string[], value: unknown, key: string): void {
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
  const inner: Json = { ...before };
  place(inner, rest, value, key);
  holder[existing ?? name] = inner;
}
