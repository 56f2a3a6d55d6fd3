import { badRequest, type ScimError } from "./errors.ts";
import { restoreNames, setNamesAside, withoutFormerName } from "./former-names.ts";
import { type Filter, type PatchOperation, type PatchPath, parseKey, parsePath } from "./grammar.ts";
import {
  checkLength,
  coerce,
  coerceOne,
  coerceParts,
  elementsIn,
  isAssigned,
  isEmpty,
  isIncomplete,
  isObject,
  type JsonObject,
  type JsonValue,
  labelOf,
  type ResolvedPath,
  resolveAttribute,
  sectionNamed,
  sectionValue,
  withOnePrimary,
} from "./input.ts";
import { elementOf, elementTest, equalities, withAdded, withoutListed } from "./match-element.ts";
import type { ScimResource } from "./operation.ts";
import { type Attribute, type ResourceSchema, urns } from "./schema.ts";
import { deactivates, keepRequired } from "./users.ts";

type OperationKind = PatchOperation["op"];
type Parts = Map<string, JsonValue | undefined>;

/** The attribute that one operation changes. */
interface UserTarget extends ResolvedPath {
  where: Filter | null;
  label: string;
  /** The path names the values of roles or entitlements, each of which is the element itself: `roles.value`. */
  isAssignedValue: boolean;
  /** The path names roles or entitlements. */
  isRight: boolean;
}

/**
 * Applies the operations of a PATCH request to a user (RFC 7644 §3.5.2), in order, all or none, and returns a copy.
 * Read-only attributes stay as they are.
 *
 * An object without a path is read as POST reads it: unknown and read-only attributes are ignored, because identity
 * providers send whole mappings and echo what they read. A path is deliberate: an unknown one is refused with
 * `invalidPath`, a read-only one with `mutability`. Throws badRequest. A deactivation is carried out even if the request
 * also removes what is required or is not there.
 * @param ignoresUnknown whether the application ignores unknown roles and entitlements (UserStore.onUnknownIgnored).
 */
export function patchUser(
  current: ScimResource,
  operations: readonly PatchOperation[],
  schema: ResourceSchema,
  ignoresUnknown = false,
): ScimResource {
  const resource = structuredClone(current) as JsonObject;
  const unmatched: ScimError[] = [];
  setNamesAside(resource);
  for (const { op, path, value } of operations) {
    const patching = { resource, schema, op, ignoresUnknown, unmatched };
    const section = path === null ? { extension: null } : sectionNamed(schema, path);
    if (section) applySection(patching, section.extension, value);
    else applyTarget(patching, findTarget(patching, path as string), value);
  }
  for (const { id, attributes } of [schema.core, ...schema.extensions]) {
    tidy(resource, id === schema.core.id ? null : id, attributes);
  }
  restoreNames(resource);
  // The operation that deactivates may be the last one.
  const [firstUnmatched] = unmatched;
  if (firstUnmatched && !deactivates(current, resource)) throw firstUnmatched;
  // At the end, because one operation may remove the only e-mail address, and the next one add another.
  keepRequired(current, resource, schema, "mutability");
  return resource;
}

/** The copy that is being changed, and how. */
interface Patching {
  resource: JsonObject;
  schema: ResourceSchema;
  op: OperationKind;
  ignoresUnknown: boolean;
  /** Removals that found nothing: errors unless the request deactivates the user. */
  unmatched: ScimError[];
}

function findTarget(patching: Patching, path: string): UserTarget {
  const parsed = parsePath(path);
  const target = lookUp(patching, parsed);
  if (!target && path.toLowerCase() !== "schemas" && !isManagersName(patching, parsed)) {
    throw badRequest("invalidPath", `There is no attribute "${path}".`);
  }
  if (!target || isReadOnly(target)) throw badRequest("mutability", `${path} is read-only.`);
  return target;
}

/** A manager's name is read-only (RFC 7643 §4.3), whether or not the schema announces it. */
function isManagersName({ schema }: Patching, { path }: PatchPath): boolean {
  if (path.subAttribute?.toLowerCase() !== "displayname") return false;
  const found = resolveAttribute(schema, { ...path, subAttribute: null });
  return found?.extension === urns.enterprise && found.attribute.name === "manager";
}

function lookUp({ schema }: Patching, parsed: PatchPath | null): UserTarget | null {
  const found = parsed && resolveAttribute(schema, parsed.path);
  if (!found) return null;
  const { where } = parsed;
  const label = labelOf(found.extension, found.attribute, found.subAttribute);
  if (where && !found.attribute.multiValued) {
    throw badRequest("invalidPath", `${label} has one value, so there is none to choose by a filter.`);
  }
  const isRight = isAssigned(labelOf(found.extension, found.attribute));
  return {
    ...found,
    where,
    label,
    isAssignedValue: isRight && found.subAttribute?.name === "value",
    isRight,
  };
}

function isReadOnly({ attribute, subAttribute }: UserTarget): boolean {
  return attribute.mutability === "readOnly" || subAttribute?.mutability === "readOnly";
}

/** Applies an object that names its attributes itself: those of the whole resource, or of one extension. */
function applySection(patching: Patching, extension: string | null, value: unknown, isInner = false): void {
  const { resource, schema, op } = patching;
  const entries = op === "remove" ? null : sectionValue(extension ?? schema.core.id, value);
  if (entries === null) {
    if (extension === null) throw badRequest("noTarget", "The core attributes cannot be removed together.");
    const { attributes = [] } = schema.extensions.find(({ id }) => id === extension) ?? {};
    for (const attribute of attributes) write(resource, bare(extension, attribute), undefined);
    return;
  }
  for (const [name, inner] of Object.entries(entries)) {
    const section = isInner || extension !== null ? null : sectionNamed(schema, name);
    if (section) {
      applySection(patching, section.extension, inner, true);
      continue;
    }
    const target = lookUp(patching, parseKey(extension === null ? name : `${extension}:${name}`));
    if (!target || isReadOnly(target)) continue;
    // RFC 7643 §2.5: an empty value is an absent one, and an object may leave out what cannot be removed.
    if (isFixed(target) && isEmpty(inner)) continue;
    applyTarget(patching, target, inner);
  }
}

/** The current password is never known here, and `active` has no third state. */
function isFixed({ extension, attribute }: UserTarget): boolean {
  return extension === null && (attribute.name === "active" || attribute.returned === "never");
}

function applyTarget(patching: Patching, target: UserTarget, value: unknown): void {
  const { resource, op } = patching;
  const { attribute, extension } = target;
  const before = holderOf(resource, extension)?.[attribute.name];
  const after = attribute.multiValued
    ? changeList(patching, target, value, (before ?? []) as JsonValue[])
    : changeSingle(target, op, value, before);
  write(resource, target, after);
}

function changeSingle(
  target: UserTarget,
  op: OperationKind,
  value: unknown,
  before: JsonValue | undefined,
): JsonValue | undefined {
  const { attribute, subAttribute, label } = target;
  const sent = unwrapped(value, subAttribute ?? attribute);
  if (subAttribute) {
    const clean = op === "remove" ? undefined : coerce(subAttribute, sent, label);
    return merged(before, new Map([[subAttribute.name, clean]]));
  }
  if (op === "remove" || isNothing(sent)) return undefined;
  // RFC 7644 §3.5.2.3: sub-attributes that a replacement does not name are left unchanged.
  if (attribute.type === "complex") return merged(before, coerceParts(attribute, sent, label));
  return coerce(attribute, sent, label);
}

/** Whether a value is empty as a whole. An object names the sub-attributes to change, even if it empties them. */
function isNothing(value: unknown): boolean {
  return isEmpty(value) && !isObject(value);
}

function changeList(
  patching: Patching,
  target: UserTarget,
  value: unknown,
  before: JsonValue[],
): JsonValue[] {
  const { op } = patching;
  const { attribute, subAttribute, where, isAssignedValue } = target;
  if (where || (subAttribute && !isAssignedValue)) return changeElements(patching, target, value, before);
  const label = labelOf(target.extension, attribute);
  if (op === "remove") {
    // RFC 7644 §3.5.2.2 knows no value here. Entra sends one, and means these elements and no others.
    return value === undefined || value === null ? [] : withoutListed(attribute, before, value, label);
  }
  const sent = (coerce(attribute, value, label) ?? []) as JsonValue[];
  return op === "replace" ? sent : withAdded(attribute, before, sent);
}

/** Changes the elements that a filter chooses, or all of them, or one sub-attribute of them. */
function changeElements(
  { op, ignoresUnknown, unmatched }: Patching,
  target: UserTarget,
  value: unknown,
  before: JsonValue[],
): JsonValue[] {
  const { attribute, where } = target;
  const subAttribute = target.isAssignedValue ? null : target.subAttribute;
  const test = where ? elementTest(attribute, where) : () => true;
  const isCleared = subAttribute ? isEmpty(value) : isNothing(value);
  const isRemoval = op === "remove" || isCleared;
  const isAdded = op === "add";
  const elements = where && !isRemoval && !isAdded ? withPrimaryRole(target, where, before) : before;
  const chosen = elements.map(test);
  const isFound = chosen.includes(true);
  // A client that gets 200 believes that what it took away is gone, such as a role (RFC 7644 §3.5.2.2, §3.5.2.3).
  if (where && !isFound && isRemoval && !isAdded) {
    // The list may be empty because the application ignored what the client sent.
    const wasIgnored = ignoresUnknown && before.length === 0 && target.isRight;
    if (!wasIgnored) unmatched.push(noTarget(attribute));
    return before;
  }
  if (isAdded && !subAttribute && isCleared) return before;
  if (isRemoval && !subAttribute) return before.filter((_, index) => !chosen[index]);
  const change = elementChange(target, isRemoval ? "remove" : op, value);
  const after = elements.map((element, index) => (chosen[index] ? change(element) : element));
  // RFC 7644 §3.5.2.3 wants noTarget for a filter that nothing matches. Entra relies on the element being created. A right
  // that is replaced must be gone, so that next to other rights none is created instead.
  if (!isRemoval && !isFound) {
    if (where && target.isRight && !isAdded && before.length > 0) throw noTarget(attribute);
    const described = where && attribute.type === "complex" ? elementOf(attribute, where) : {};
    if (!described) throw noTarget(attribute);
    after.push(change(described));
    chosen.push(true);
  }
  return withOnePrimary(after as JsonValue[], (index) => chosen[index] === true).filter(
    (element) =>
      target.isRight || (element !== "" && !(isObject(element) && Object.keys(element).length === 0)),
  );
}

/**
 * Entra's expression SingleAppRoleAssignment names the only role by `primary eq "True"`, also if another client gave the role
 * and did not mark it. The only role or entitlement of a person is then taken for the primary one.
 */
function withPrimaryRole(target: UserTarget, where: Filter, before: JsonValue[]): JsonValue[] {
  const [only, ...others] = before;
  if (!target.isRight || !isObject(only) || others.length > 0) return before;
  const { primary, ...more } = equalities(target.attribute, where);
  const isNamed = primary === true && Object.keys(more).length === 0;
  return isNamed ? [{ ...only, primary: true } as JsonObject] : before;
}

function noTarget({ name }: Attribute) {
  return badRequest("noTarget", `Nothing in ${name} matches the filter.`);
}

/** The change that is made to each chosen element. */
function elementChange(
  target: UserTarget,
  op: OperationKind,
  value: unknown,
): (element: JsonValue) => JsonValue {
  const { attribute, subAttribute, where, label, isAssignedValue } = target;
  if (isAssignedValue) return roleChange(target, value);
  if (subAttribute) {
    const clean = op === "remove" ? undefined : coerce(subAttribute, unwrapped(value, subAttribute), label);
    return (element) => merged(element, new Map([[subAttribute.name, clean]])) ?? {};
  }
  const one = onlyOne(value, label);
  if (attribute.type !== "complex") {
    const clean = coerceOne(attribute, one, label) ?? "";
    return () => clean;
  }
  if (isAssigned(label) && op !== "replace") return roleChange(target, one);
  const parts = coerceParts(attribute, one, label);
  // The new element keeps what the filter asks for, or the next request with this filter would not find it.
  const { display, ...others } = where ? equalities(attribute, where) : {};
  // A role's name is not one of them: it was that of the former role.
  const base = display === undefined || isAssigned(label) ? others : { ...others, display };
  return (element) => merged(op === "replace" ? base : element, parts) ?? {};
}

function onlyOne(value: unknown, label: string): unknown {
  const [one, ...more] = elementsIn(value, label);
  if (more.length > 0) throw badRequest("invalidValue", `${label} has a filter, so it takes one value.`);
  return one;
}

/** Changes the value of a role. The name of the former role is not the name of the new one; a name just sent is. */
function roleChange(
  { extension, attribute, isAssignedValue }: UserTarget,
  value: unknown,
): (element: JsonValue) => JsonValue {
  const label = labelOf(extension, attribute);
  const parts = coerceParts(attribute, onlyOne(value, label), label);
  if (isAssignedValue && parts.get("value") === undefined) {
    throw badRequest("invalidValue", `${label} needs a value.`);
  }
  return (element) => {
    const role = element as JsonObject;
    const isOther = parts.has("value") && lower(parts.get("value")) !== lower(role.value);
    return merged(isOther ? withoutFormerName(role) : role, parts) ?? {};
  };
}

/** The values of roles ignore case. */
function lower(value: JsonValue | undefined): string {
  return String(value).toLowerCase();
}

/** A complex value with some parts set, and those that are undefined removed. Undefined if no part is left. */
function merged(before: JsonValue | undefined, parts: Parts): JsonObject | undefined {
  const named = isObject(before) ? { ...(before as JsonObject) } : {};
  const after = parts.has("display") ? withoutFormerName(named) : named;
  // A $ref belongs to its value: a new manager must not keep the $ref of the old one.
  if (parts.has("value") && parts.get("value") !== after.value) delete after.$ref;
  for (const [name, part] of parts) {
    if (part === undefined) delete after[name];
    else after[name] = part;
  }
  return Object.keys(after).length > 0 ? after : undefined;
}

/** Entra's older form of a single value: [{"$ref": null, "value": "…"}]. */
function unwrapped(value: unknown, { type }: Attribute): unknown {
  const [only, ...more] = Array.isArray(value) ? value : [];
  if (more.length > 0 || !isObject(only) || !Object.hasOwn(only, "value")) return value;
  return type === "complex" ? only : only.value;
}

/** Drops elements that have nothing but a type. Runs after the last operation, which may still complete them. */
function tidy(resource: JsonObject, extension: string | null, attributes: readonly Attribute[]): void {
  for (const attribute of attributes) {
    const list = holderOf(resource, extension)?.[attribute.name];
    if (attribute.mutability === "readOnly" || !Array.isArray(list)) continue;
    const target = bare(extension, attribute);
    const left = list.filter((element) => !isIncomplete(element, target.label));
    if (left.length < list.length) write(resource, target, left);
  }
}

function bare(extension: string | null, attribute: Attribute): UserTarget {
  const label = labelOf(extension, attribute);
  const whole = { subAttribute: null, where: null, isAssignedValue: false, isRight: false };
  return { extension, attribute, label, ...whole };
}

function holderOf(resource: JsonObject, extension: string | null): JsonObject | undefined {
  return extension === null ? resource : (resource[extension] as JsonObject | undefined);
}

function write(resource: JsonObject, target: UserTarget, value: JsonValue | undefined) {
  const { extension, attribute, label } = target;
  if (Array.isArray(value)) checkLength(value, label);
  const holder = holderOf(resource, extension) ?? {};
  // A role without a value is refused later, and takes nothing away.
  const isUnnamedRole = target.isRight && Array.isArray(value) && value.length > 0;
  if (!isEmpty(value) || isUnnamedRole) {
    holder[attribute.name] = value as JsonValue;
    if (extension !== null) resource[extension] = holder;
    return;
  }
  if (isFixed(target)) throw badRequest("mutability", `${label} cannot be removed.`);
  delete holder[attribute.name];
  if (extension !== null && Object.keys(holder).length === 0) delete resource[extension];
}
