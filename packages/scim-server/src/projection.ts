import type { Wants } from "./backend.ts";
import { badRequest } from "./errors.ts";
import { parsePath } from "./grammar.ts";
import { isObject, type ResolvedPath, resolveAttribute, sectionNamed } from "./input.ts";
import type { Attribute, ResourceSchema } from "./schema.ts";

/** Which attributes an answer shows (RFC 7644 §3.9). */
export interface Projection {
  wants: Wants;
  apply(resource: Record<string, unknown>): Record<string, unknown>;
}

interface NamedPath {
  extension: string | null;
  attribute: Attribute;
  subAttribute: string | null;
}

/**
 * Reads `attributes` and `excludedAttributes`. A schema's URN names all its attributes, and a value filter is ignored:
 * `emails[type eq "work"].value` shows what `emails.value` shows. Names that the schema does not know are ignored; `id` and
 * `schemas` are always returned. Throws badRequest if both are given.
 * @param leftOut attributes that are returned only if `attributes` names them, not just their schema.
 */
export function projection(
  query: Record<string, unknown>,
  schema: ResourceSchema,
  leftOut: readonly string[] = [],
): Projection {
  const included = namedPaths(query.attributes, schema, leftOut);
  const excluded = namedPaths(query.excludedAttributes, schema, []);
  if (included && excluded) {
    throw badRequest("invalidValue", "Use attributes or excludedAttributes, not both.");
  }
  if (included) return including(included);
  const hidden = (excluded ?? []).filter(({ attribute }) => attribute.returned !== "always");
  const wants = (name: string) =>
    !leftOut.includes(name) &&
    !hidden.some(
      (path) => path.extension === null && path.subAttribute === null && path.attribute.name === name,
    );
  if (leftOut.length + hidden.length === 0) return { wants, apply: (resource) => resource };
  return {
    wants,
    apply(resource) {
      const kept = Object.fromEntries(Object.entries(resource).filter(([name]) => !leftOut.includes(name)));
      for (const path of hidden) remove(kept, path);
      return kept;
    },
  };
}

function including(paths: NamedPath[]): Projection {
  return {
    wants: (name) => paths.some(({ extension, attribute }) => extension === null && attribute.name === name),
    apply(resource) {
      const kept: Record<string, unknown> = { schemas: resource.schemas, id: resource.id };
      for (const path of paths) copy(resource, kept, path);
      return kept;
    },
  };
}

/** @param leftOut core attributes that a schema's URN does not name. */
function namedPaths(
  parameter: unknown,
  schema: ResourceSchema,
  leftOut: readonly string[],
): NamedPath[] | null {
  if (parameter === undefined || parameter === "") return null;
  const names = Array.isArray(parameter) ? parameter.map(String) : splitAtCommas(String(parameter));
  return names.flatMap((name) => {
    const section = sectionNamed(schema, name.trim());
    if (section) return attributesOf(schema, section.extension, leftOut);
    const found = resolveName(schema, name);
    return found ? [{ ...found, subAttribute: found.subAttribute?.name ?? null }] : [];
  });
}

/**
 * Finds the attribute that a parameter such as `attributes` or `sortBy` names: as the path of a PATCH operation, whose
 * value filter is ignored. Null if there is none.
 */
export function resolveName(schema: ResourceSchema, name: string): ResolvedPath | null {
  try {
    return resolveAttribute(schema, parsePath(name.trim()).path);
  } catch {
    // No attribute has a name that is not a path.
    return null;
  }
}

/** Common attributes belong to the core schema (RFC 7643 §3.1). */
function attributesOf(
  schema: ResourceSchema,
  extension: string | null,
  leftOut: readonly string[],
): NamedPath[] {
  const { attributes } = schema.extensions.find(({ id }) => id === extension) ?? schema.core;
  const common = extension === null ? ["externalId", "meta"] : [];
  return [...common, ...attributes.map(({ name }) => name)]
    .filter((name) => extension !== null || !leftOut.includes(name))
    .map((name) => resolveAttribute(schema, { schema: extension, attribute: name, subAttribute: null }))
    .filter((found) => found !== null)
    .map((found) => ({ ...found, subAttribute: null }));
}

/** Splits a list of paths. A comma in a value filter or in its strings is not between two paths. */
function splitAtCommas(text: string): string[] {
  const parts: string[] = [];
  let [start, inBrackets, inString] = [0, false, false];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (inString) {
      if (character === "\\") at++;
      else if (character === '"') inString = false;
    } else if (inBrackets && character === '"') inString = true;
    else if (character === "[" || character === "]") inBrackets = character === "[";
    else if (character === "," && !inBrackets) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}

function holder(resource: Record<string, unknown>, path: NamedPath): Record<string, unknown> | undefined {
  return path.extension === null
    ? resource
    : (resource[path.extension] as Record<string, unknown> | undefined);
}

function copy(from: Record<string, unknown>, to: Record<string, unknown>, path: NamedPath): void {
  const value = holder(from, path)?.[path.attribute.name];
  if (value === undefined) return;
  const before = holder(to, path)?.[path.attribute.name];
  const shown = path.subAttribute === null ? value : merged(before, value, path.subAttribute);
  if (path.subAttribute !== null && isBare(shown)) return;
  if (path.extension !== null) to[path.extension] ??= {};
  (holder(to, path) as Record<string, unknown>)[path.attribute.name] = shown;
}

/** `value` reduced to one sub-attribute, merged with the sub-attributes that earlier paths kept. */
function merged(kept: unknown, value: unknown, subAttribute: string): unknown {
  if (Array.isArray(value)) {
    return value.map((element, index) =>
      merged(Array.isArray(kept) ? kept[index] : undefined, element, subAttribute),
    );
  }
  const part = (value as Record<string, unknown>)[subAttribute];
  return { ...(kept as object | undefined), ...(part === undefined ? {} : { [subAttribute]: part }) };
}

/** Whether nothing is left of a complex value, or of each element of a list: then it is absent (RFC 7643 §2.5). */
function isBare(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every(isBare);
  return isObject(value) && Object.keys(value).length === 0;
}

function remove(resource: Record<string, unknown>, path: NamedPath): void {
  const { name } = path.attribute;
  const from = holder(resource, path);
  if (from?.[name] === undefined) return;
  const without = { ...from };
  if (path.subAttribute === null) delete without[name];
  else {
    without[name] = omit(from[name], path.subAttribute);
    if (isBare(without[name])) delete without[name];
  }
  if (path.extension !== null) {
    if (Object.keys(without).length > 0) resource[path.extension] = without;
    else delete resource[path.extension];
  } else {
    delete resource[name];
    if (without[name] !== undefined) resource[name] = without[name];
  }
}

function omit(value: unknown, subAttribute: string): unknown {
  if (Array.isArray(value)) return value.map((element) => omit(element, subAttribute));
  const { [subAttribute]: _left, ...rest } = value as Record<string, unknown>;
  return rest;
}
