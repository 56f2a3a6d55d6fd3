import { badRequest } from "./errors.ts";
import { type PatchPath, parsePath } from "./filter-parser.ts";
import { checkBody, isReservedName } from "./reserved-names.ts";
import { isObject } from "./resource-input.ts";
import { urns } from "./schema.ts";

/** One operation of a PATCH request (RFC 7644 §3.5.2), its shape checked; path and value mean nothing yet. */
export interface PatchOperation {
  op: "add" | "remove" | "replace";
  /** Null when the value names its attributes itself: then it is an object. */
  path: string | null;
  /** Undefined when there is none, which only `remove` allows. */
  value: unknown;
}

/**
 * How many operations one request may hold. A group's become a few set operations whatever their number; a user's are
 * carried out one by one, while nobody else is served.
 */
export const maxOperations = { group: 1000, user: 100 };

/**
 * Reads the body of a PATCH request. Entra writes the names of operations with a capital. Whatever is not understood is
 * refused: a client that hears 200 believes that it was done. Throws badRequest.
 */
export function parsePatch(body: unknown, most: number = maxOperations.user): PatchOperation[] {
  checkBody(body);
  const { schemas, operations } = members(body, "The body");
  const isPatchOp = (urn: unknown) =>
    typeof urn === "string" && urn.toLowerCase() === urns.patchOp.toLowerCase();
  const isPatch = Array.isArray(schemas) && schemas.some(isPatchOp);
  if (!isPatch) throw badRequest("invalidSyntax", `schemas has to name ${urns.patchOp}.`);
  if (!Array.isArray(operations) || operations.length === 0 || operations.length > most) {
    throw badRequest("invalidSyntax", `Operations has to be a list of 1 to ${most} operations.`);
  }
  return operations.map((operation, index) => parseOperation(operation, `Operation ${index + 1}`));
}

/**
 * Reads a key of a value without a path. Entra's are paths: "name.givenName", "urn:…:User:department",
 * `emails[type eq "work"].value`. Null for a name that no attribute of ours can have, such as an unknown schema's URN.
 * Throws badRequest.
 */
export function parseKey(key: string): PatchPath | null {
  try {
    return parsePath(key);
  } catch (error) {
    if (key.includes("[") || key.split(/[.:]/).some(isReservedName)) throw error;
    return null;
  }
}

function parseOperation(operation: unknown, label: string): PatchOperation {
  const { op: name, path = null, value, ...others } = members(operation, label);
  const [unknown] = Object.keys(others);
  // A misspelt "path" would otherwise turn a change of one attribute into a change of the whole resource.
  if (unknown !== undefined)
    throw badRequest("invalidSyntax", `${label} has an unknown member "${unknown}".`);
  const op = typeof name === "string" ? name.toLowerCase() : "";
  if (op !== "add" && op !== "remove" && op !== "replace") {
    throw badRequest("invalidSyntax", `${label} has an op that is none of add, remove and replace.`);
  }
  if (path !== null && typeof path !== "string") {
    throw badRequest("invalidPath", `${label} has a path that is no text.`);
  }
  // RFC 7644 §3.5.2.2.
  if (op === "remove" && path === null) throw badRequest("noTarget", `${label} removes, but has no path.`);
  if (op !== "remove" && value === undefined) throw badRequest("invalidValue", `${label} has no value.`);
  if (path === null && !isObject(value)) {
    throw badRequest("invalidValue", `${label} has no path, so its value has to be an object.`);
  }
  return { op, path, value };
}

/** An object's members by their names in lower case: names are matched ignoring case (RFC 7643 §2.1). */
function members(value: unknown, label: string): Record<string, unknown> {
  if (!isObject(value)) throw badRequest("invalidSyntax", `${label} has to be a JSON object.`);
  const found: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const key = name.toLowerCase();
    if (Object.hasOwn(found, key))
      throw badRequest("invalidSyntax", `${label} has "${name}" more than once.`);
    found[key] = member;
  }
  return found;
}
