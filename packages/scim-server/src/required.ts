/** Required attributes (RFC 7643 §2.2): what /Schemas announces, a new resource has to have. */
import { badRequest } from "./errors.ts";
import { isObject, labelOf } from "./input.ts";
import type { ScimResource } from "./operation.ts";
import type { Attribute, ResourceSchema } from "./schema.ts";

/** Throws badRequest `invalidValue` naming the required attributes that a new resource lacks. */
export function requireAttributes(resource: ScimResource, schema: ResourceSchema): void {
  refuse(missingAttributes(resource, schema), "invalidValue");
}

/** Whether a change takes an active user's access away. It is obeyed even if the request lacks something. */
export function deactivates(before: ScimResource, after: ScimResource): boolean {
  return before.active !== false && after.active === false;
}

/**
 * Throws badRequest if a change takes a required attribute away. A resource that never had it can still be changed, and a
 * deactivation is obeyed unless it is a replacement without userName.
 * @param scimType `invalidValue` for a replacement, and `mutability` for a PATCH (RFC 7644 §3.5.2.2).
 */
export function keepRequired(
  before: ScimResource,
  after: ScimResource,
  schema: ResourceSchema,
  scimType: "invalidValue" | "mutability",
): void {
  const isKey = (name: string) => name === "userName" && scimType === "invalidValue";
  const isObeyed = deactivates(before, after);
  const missing = missingAttributes(after, schema).filter((name) => !isObeyed || isKey(name));
  const absent = new Set(missing.length > 0 ? missingAttributes(before, schema) : []);
  refuse(
    missing.filter((name) => !absent.has(name)),
    scimType,
  );
}

function refuse(missing: readonly string[], scimType: "invalidValue" | "mutability"): void {
  if (missing.length === 0) return;
  throw badRequest(scimType, `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} required.`);
}

function missingAttributes(resource: ScimResource, { core, extensions }: ResourceSchema): string[] {
  const inExtensions = extensions.flatMap(({ id, attributes }) =>
    missingIn(isObject(resource[id]) ? resource[id] : {}, id, attributes),
  );
  return [...missingIn(resource, null, core.attributes), ...inExtensions];
}

function missingIn(
  holder: Record<string, unknown>,
  extension: string | null,
  attributes: readonly Attribute[],
): string[] {
  return attributes
    .filter(({ required, mutability }) => required && mutability !== "readOnly")
    .flatMap((attribute) => {
      const value = holder[attribute.name];
      const subs = attribute.multiValued ? [] : (attribute.subAttributes ?? []);
      const parts = subs.filter(({ required }) => required);
      if (parts.length === 0) return isBlank(value) ? [labelOf(extension, attribute)] : [];
      const object = isObject(value) ? value : {};
      return parts
        .filter(({ name }) => isBlank(object[name]))
        .map((part) => labelOf(extension, attribute, part));
    });
}

/** Whether a value says nothing: an e-mail address without its value, a name of spaces. */
export function isBlank(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((one) => isBlank(isObject(one) ? one.value : one));
  return value === undefined || value === null || (typeof value === "string" && value.trim() === "");
}
