import type { AssignedValue } from "./backend.ts";
import { badRequest } from "./errors.ts";
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
