import { badRequest } from "./errors.ts";
import { type PatchPath, parsePath } from "./filter-parser.ts";
import { checkBody, isObject, isReservedName } from "./resource-input.ts";
import { urns } from "./schema.ts";

/** One operation of a PATCH request (RFC 7644 §3.5.2). Its shape is checked; path and value are not interpreted yet. */
export interface PatchOperation {
  op: "add" | "remove" | "replace";
  /** Null if the value names its attributes itself: then it is an object. */
  path: string | null;
  /** Undefined if there is none, which only `remove` allows. */
  value: unknown;
}

/**
 * How many operations one request may hold. A group's operations become a few changes to sets. A user's are
 * carried out one by one, and block the event loop meanwhile.
 */
export const maxOperations = { group: 1000, user: 100 };

/**
 * Reads the body of a PATCH request. Entra writes the names of operations with a capital letter. An operation that is not
 * understood is refused: a client that gets 200 believes that it was carried out. Throws badRequest.
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
 * Reads a key of a value that came without a path. Entra's keys are paths: "name.givenName", "urn:…:User:department",
 * `emails[type eq "work"].value`. Null for a name that no attribute can have, such as an unknown schema's URN. Throws
 * badRequest.
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
  // Otherwise a misspelt "path" would turn a change of one attribute into a change of the whole resource.
  if (unknown !== undefined)
    throw badRequest("invalidSyntax", `${label} has an unknown member "${unknown}".`);
  const op = typeof name === "string" ? name.toLowerCase() : "";
  if (op !== "add" && op !== "remove" && op !== "replace") {
    throw badRequest("invalidSyntax", `${label} has an op that is none of add, remove and replace.`);
  }
  if (path !== null && typeof path !== "string") {
    throw badRequest("invalidPath", `${label} has a path that is not a string.`);
  }
  // RFC 7644 §3.5.2.2.
  if (op === "remove" && path === null) throw badRequest("noTarget", `${label} removes, but has no path.`);
  if (op !== "remove" && value === undefined) throw badRequest("invalidValue", `${label} has no value.`);
  if (path === null && !isObject(value)) {
    throw badRequest("invalidValue", `${label} has no path, so its value has to be an object.`);
  }
  return { op, path, value };
}

/** An object's members by their names in lower case: names match ignoring case (RFC 7643 §2.1). */
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
