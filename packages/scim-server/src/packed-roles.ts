/**
 * The forms in which clients write roles and entitlements. Entra's expression AppRoleAssignmentsComplex puts a role as JSON
 * into the text of its value: `[{"value": "{\"id\":\"1\",\"value\":\"admin\",\"displayName\":\"Admin\"}"}]`. Others send the
 * whole list as one text, or the inner object as it is. Nothing here knows which roles exist.
 */
type Members = Record<string, unknown>;

/** Longer texts are values, which are then refused for their length. */
const maxText = 4000;

/** Whether an attribute, by the name that labelOf() gives it, assigns values of the application to a user. */
export function isAssigned(label: string): boolean {
  return label === "roles" || label === "entitlements";
}

/** The elements of a value: those of a list, of a list in a text, or of a list that is an element's value. */
export function unpackList(value: unknown): unknown[] {
  const list = listIn(value) ?? [value];
  return list.flatMap((element) => listIn(element) ?? listIn(read(membersIn(element), "value")) ?? [element]);
}

/** An element with `value` and `display` as RFC 7643 names them. Any other value is returned as it is. */
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
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
