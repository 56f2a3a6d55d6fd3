import type { MembershipStep } from "../directory/groups.ts";
import { badRequest } from "./errors.ts";
import { type Filter, type PatchPath, parsePath } from "./filter-parser.ts";
import { type PatchOperation, parseKey } from "./patch-operations.ts";
import { coerce, coerceParts, isObject, sectionNamed, sectionValue } from "./resource-input.ts";
import { type Attribute, groupSchema, resolveAttribute } from "./schema.ts";

/** What a PATCH request does to a group, in the words of directory/groups.ts. */
export interface GroupPatch {
  changes: {
    displayName?: string;
    /** Null when it was removed. */
    externalId?: string | null;
  };
  steps: MembershipStep[];
}

type Op = PatchOperation["op"];

interface Target {
  attribute: Attribute;
  where: Filter | null;
}

/**
 * Translates the operations of a PATCH request on a group (RFC 7644 §3.5.2) without asking who its members are: a group
 * of 50,000 is changed as fast as a group of 5. Members that an object does not name, or names as null, stay as they
 * are: Okta sends {id, displayName} with every change of members. An empty list means nobody. As for users, an object
 * without a path is taken as POST takes it, and a path has to be one that can be obeyed. Throws badRequest.
 */
export function groupPatch(operations: readonly PatchOperation[]): GroupPatch {
  const changes: GroupPatch["changes"] = {};
  const steps = new Steps();
  const apply = (target: Target, op: Op, value: unknown) => {
    const { name } = target.attribute;
    if (name === "members") steps.push(membershipStep(target.where, op, value));
    else if (name === "displayName") changes.displayName = newName(target.attribute, op, value);
    else changes.externalId = op === "remove" ? null : (text(target.attribute, value) ?? null);
  };
  for (const { op, path, value } of operations) {
    if (path !== null && !sectionNamed(groupSchema, path)) {
      apply(findTarget(path), op, value);
      continue;
    }
    if (op === "remove") throw badRequest("noTarget", "A whole group is not removed by PATCH.");
    for (const [target, inner] of namedTargets(value)) apply(target, op, inner);
  }
  return { changes, steps: steps.list() };
}

/** The ids in a value for `members`: one member or a list, each as an object or as a plain id. Throws badRequest. */
export function memberIds(value: unknown): string[] {
  const { attribute } = findTarget("members");
  return (Array.isArray(value) ? value : [value]).map((member) => {
    const parts = coerceParts(attribute, member, "members");
    const [id, type, ref] = ["value", "type", "$ref"].map((name) => parts.get(name));
    // RFC 7643 §4.2 leaves it to the server whether groups may hold groups.
    if (String(type).toLowerCase() === "group" || /(?:^|\/)groups\//i.test(String(ref))) {
      throw badRequest("invalidValue", "Nested groups are not supported: members have to be users.");
    }
    if (typeof id !== "string") throw badRequest("invalidValue", "Each member needs a value: a user's id.");
    return id;
  });
}

/** What an object without a path names, but for what is unknown or read-only (Okta echoes the id). */
function namedTargets(value: unknown, isInner = false): [Target, unknown][] {
  return Object.entries(sectionValue(groupSchema.core.id, value) ?? {}).flatMap(([key, inner]) => {
    if (!isInner && sectionNamed(groupSchema, key)) return namedTargets(inner, true);
    const target = lookUp(parseKey(key));
    const isAbsent = target?.attribute.name === "members" && inner === null;
    return target && target.attribute.mutability !== "readOnly" && !isAbsent ? [[target, inner]] : [];
  });
}

function findTarget(path: string): Target {
  const target = lookUp(parsePath(path));
  if (target?.attribute.mutability === "readOnly" || path.toLowerCase() === "schemas") {
    throw badRequest("mutability", `${path} is read-only.`);
  }
  if (!target) throw badRequest("invalidPath", `A group has no attribute "${path}" that can be changed.`);
  return target;
}

function lookUp(parsed: PatchPath | null): Target | null {
  const found = parsed && resolveAttribute(groupSchema, parsed.path);
  if (!found) return null;
  const { where } = parsed;
  const { attribute, subAttribute } = found;
  if (attribute.mutability !== "readOnly" && (subAttribute || (where && !attribute.multiValued))) {
    throw badRequest(
      "invalidPath",
      `${attribute.name} of a group is only changed as a whole, member by member.`,
    );
  }
  return { attribute, where };
}

function membershipStep(where: Filter | null, op: Op, value: unknown): MembershipStep {
  if (where) {
    if (op !== "remove") throw badRequest("invalidPath", "Members chosen by a filter can only be removed.");
    return { kind: "remove", userIds: chosenIds(where) };
  }
  const isAbsent = value === undefined || value === null;
  // RFC 7644 §3.5.2.2: without a value everybody is removed. Entra lists those it means, where the RFC has no value.
  if (op === "remove" && isAbsent) return { kind: "replace", userIds: [] };
  if (isAbsent) throw badRequest("invalidValue", "members has to be a list; an empty one means nobody.");
  return { kind: op, userIds: memberIds(value) };
}

/** The ids that `value eq "…" or value eq "…"` names. Any other filter would have to read the members. */
function chosenIds(where: Filter): string[] {
  if (where.kind === "or") return where.operands.flatMap(chosenIds);
  const isId = where.kind === "compare" && where.operator === "eq" && typeof where.value === "string";
  if (!isId || where.path.attribute.toLowerCase() !== "value") {
    throw badRequest("invalidPath", 'Members are chosen by value eq "id", or several of these joined by or.');
  }
  return [where.value as string];
}

function newName(attribute: Attribute, op: Op, value: unknown): string {
  const name = op === "remove" ? undefined : text(attribute, value);
  if (name === undefined || name.trim() === "") {
    throw badRequest("invalidValue", "A group needs a displayName.");
  }
  return name;
}

function text(attribute: Attribute, value: unknown): string | undefined {
  const [only, ...more] = Array.isArray(value) ? value : [];
  // Entra's older form of a single value: [{"$ref": null, "value": "…"}].
  const plain = more.length === 0 && isObject(only) ? only.value : value;
  return coerce(attribute, plain, attribute.name) as string | undefined;
}

/**
 * Membership steps in order, as few as possible, since each is a handful of statements. Ids join an earlier step of
 * their kind when none of them occurs in the step between: which of the two comes first then makes no difference.
 */
class Steps {
  private readonly steps: { kind: MembershipStep["kind"]; ids: Set<string> }[] = [];

  push({ kind, userIds }: MembershipStep): void {
    const mergeable = kind === "replace" ? undefined : this.mergeable(kind, userIds);
    if (mergeable) {
      for (const id of userIds) mergeable.add(id);
      return;
    }
    // Of two replacements in a row, the first one is never seen.
    if (kind === "replace" && this.steps.at(-1)?.kind === "replace") this.steps.pop();
    if (kind === "replace" || userIds.length > 0) this.steps.push({ kind, ids: new Set(userIds) });
  }

  list(): MembershipStep[] {
    return this.steps.map(({ kind, ids }) => ({ kind, userIds: [...ids] }));
  }

  private mergeable(kind: MembershipStep["kind"], userIds: readonly string[]): Set<string> | undefined {
    const [beforeLast, last] = [this.steps.at(-2), this.steps.at(-1)];
    if (last?.kind === kind) return last.ids;
    const isBarrier = last === undefined || last.kind === "replace" || userIds.some((id) => last.ids.has(id));
    return beforeLast?.kind === kind && !isBarrier ? beforeLast.ids : undefined;
  }
}
