/**
 * The forms in which clients write roles and entitlements. Entra's expression AppRoleAssignmentsComplex puts a role as JSON
 * into the text of its value: `[{"value": "{\"id\":\"1\",\"value\":\"admin\",\"displayName\":\"Admin\"}"}]`. Others send the
 * whole list as one text, or the inner object as it is. Nothing here knows which roles exist.
 */
import { badRequest } from "./errors.ts";
import { isReservedName } from "./reserved-names.ts";

type Members = Record<string, unknown>;

/** Longer texts are values, which are then refused for their length. */
const maxText = 4000;

/** Whether an attribute, by the name that labelOf() gives it, assigns values of the application to a user. */
export function isAssigned(label: string): boolean {
  return label === "roles" || label === "entitlements";
}

/**
 * The elements of a value: those of a list, of a list in a text, or of a list that is an element's value. Throws badRequest
 * for a text with a reserved name.
 */
export function unpackList(value: unknown): unknown[] {
  const list = listIn(value) ?? [value];
  return list.flatMap(
    (element) => rolesIn(element) ?? rolesIn(read(membersIn(element), "value")) ?? [element],
  );
}

/** A list in an element. One that says nothing, such as the text "[]", is taken for a value, and refused as one. */
function rolesIn(value: unknown): unknown[] | null {
  const list = listIn(value);
  return list?.some(saysSomething) ? list : null;
}

function saysSomething(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(saysSomething);
  return value !== undefined && value !== null && value !== "";
}

/**
 * An element with `value` and `display` as RFC 7643 names them. Any other value is returned as it is. Throws badRequest for a
 * text with a reserved name.
 */
export function unpackElement(element: unknown): unknown {
  const outer = membersIn(element);
  if (!outer) return element;
  const inner = membersIn(read(outer, "value"));
  const display = read(outer, "display") ?? read(inner, "display") ?? read(inner ?? outer, "displayname");
  if (!inner && display === read(outer, "display")) return outer;
  const others = [...Object.entries(inner ?? {}), ...Object.entries(outer)].filter(
    ([name]) => !["value", "display"].includes(name.toLowerCase()),
  );
  return { ...Object.fromEntries(others), value: read(inner ?? outer, "value"), display };
}

/** Names match ignoring case (RFC 7643 §2.1). */
function read(members: Members | null, name: string): unknown {
  return Object.entries(members ?? {}).find(([key]) => key.toLowerCase() === name)?.[1];
}

function membersIn(value: unknown): Members | null {
  const parsed = parsedFrom(value, "{");
  return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? (parsed as Members) : null;
}

function listIn(value: unknown): unknown[] | null {
  const parsed = parsedFrom(value, "[");
  return Array.isArray(parsed) ? parsed : null;
}

/** The JSON in a text that begins with this character; any other value as it is. */
function parsedFrom(value: unknown, start: string): unknown {
  if (typeof value !== "string" || value.length > maxText || !value.trimStart().startsWith(start))
    return value;
  let isReserved = false;
  try {
    const parsed: unknown = JSON.parse(value, (name, inner) => {
      isReserved ||= isReservedName(name);
      return inner;
    });
    if (!isReserved) return parsed;
  } catch {
    return value;
  }
  throw badRequest(
    "invalidSyntax",
    "A role or an entitlement has an attribute with a name that is reserved.",
  );
}
