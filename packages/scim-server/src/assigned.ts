/**
 * Roles and entitlements of a user: the forms in which clients write them, the check against those that the application has,
 * and how they are shown.
 *
 * Entra's expression AppRoleAssignmentsComplex puts a role as JSON into the text of its value:
 * `[{"value": "{\"id\":\"1\",\"value\":\"admin\",\"displayName\":\"Admin\"}"}]`. Others send the whole list as one text, or
 * the inner object as it is.
 */
import type { AssignedValue } from "./backend.ts";
import { badRequest } from "./errors.ts";
import { isReservedName } from "./exchange.ts";
import type { AssignableValue, ScimSchemas } from "./schema.ts";

/** The attributes that give a user values of the application: roles and entitlements (RFC 7643 §4.1.2). */
const assignedKinds = {
  roles: { noun: "role", type: undefined, known: ({ roles }: ScimSchemas) => roles },
  // Okta's name of the resource type that /Entitlements lists.
  entitlements: {
    noun: "entitlement",
    type: "Entitlement",
    known: ({ entitlements }: ScimSchemas) => entitlements,
  },
} as const;

export type AssignedKind = keyof typeof assignedKinds;

/** The rule for values that the application does not have. */
interface UnknownValues {
  /** The user's values of before: an id that the application no longer offers stays. */
  before: readonly AssignedValue[];
  /** Is told why elements are left out. Undefined refuses them. */
  ignore: ((problem: string) => void) | undefined;
}

/**
 * Checks the elements that a client sent, and returns them with the application's ids: values ignore case, as the schema
 * says. Throws badRequest `invalidValue` for an element without a value, and for unknown values unless they are ignored.
 */
export function checkAssigned(
  kind: AssignedKind,
  elements: readonly Partial<AssignedValue>[],
  schemas: ScimSchemas,
  { before, ignore }: UnknownValues,
): AssignedValue[] {
  const { noun, known, type } = assignedKinds[kind];
  const values = known(schemas);
  const checked: AssignedValue[] = [];
  const unknown: string[] = [];
  let isUnnamed = false;
  for (const element of elements) {
    const { value } = element;
    const id = value === undefined ? undefined : idOf(value, values, before);
    if (value === undefined) isUnnamed = true;
    else if (id === undefined) unknown.push(value);
    else push(checked, kept({ ...(type ? { type } : {}), ...element, value: id }, values));
  }
  const problems = [
    ...(isUnnamed ? [`Each ${noun} needs a value, for example "${values[0]?.id}".`] : []),
    ...(unknown.length > 0 ? [`There is no ${noun} "${unknown.join('", "')}".`] : []),
  ];
  if (problems.length === 0) return checked;
  if (!ignore) throw badRequest("invalidValue", problems.join(" "));
  ignore(problems.join(" "));
  return checked;
}

/** As a client sees it. The application's names are not stored, so that a new one is shown at once. */
export function shownAssigned(
  kind: AssignedKind,
  assigned: readonly AssignedValue[],
  schemas: ScimSchemas,
): AssignedValue[] {
  const { known, type } = assignedKinds[kind];
  return assigned.map((one) => ({
    display: nameOf(known(schemas), one.value),
    ...(type ? { type } : {}),
    ...one,
  }));
}

function idOf(
  value: string,
  known: readonly AssignableValue[],
  before: readonly AssignedValue[],
): string | undefined {
  const ids = [...known.map(({ id }) => id), ...before.map((one) => one.value)];
  return ids.find((id) => id === value) ?? ids.find((id) => fold(id) === fold(value));
}

function fold(text: string): string {
  return text.normalize("NFC").toLowerCase();
}

function kept({ display, ...element }: AssignedValue, known: readonly AssignableValue[]): AssignedValue {
  const isOurs = display === undefined || display === nameOf(known, element.value);
  return isOurs ? element : { ...element, display };
}

/** An id that the application no longer offers is its own name. */
function nameOf(values: readonly AssignableValue[], id: string): string {
  return values.find((value) => value.id === id)?.displayName ?? id;
}

/** A value and its type occur once (RFC 7643 §2.4). An element without a type adds nothing to one that has it. */
function push(list: AssignedValue[], element: AssignedValue): void {
  const isSame = ({ value, type }: AssignedValue) =>
    value === element.value &&
    (type === undefined || element.type === undefined || fold(type) === fold(element.type));
  const place = list.findIndex(isSame);
  const existing = list[place];
  if (!existing) {
    list.push(element);
    return;
  }
  const isPrimary = existing.primary === true || element.primary === true;
  list[place] = { ...existing, ...element, ...(isPrimary ? { primary: true } : {}) };
}

type Members = Record<string, unknown>;

/** Longer texts are values, which are then refused for their length. */
const maxText = 4000;

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
