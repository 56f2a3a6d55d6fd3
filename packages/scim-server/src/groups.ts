import type { GroupInput, GroupRecord, MemberRecord, MemberStep, ScimStore } from "./backend.ts";
import { badRequest, notFound } from "./errors.ts";
import {
  type Filter,
  maxOperations,
  type PatchOperation,
  type PatchPath,
  parseKey,
  parsePatch,
  parsePath,
} from "./grammar.ts";
import {
  checkIfMatch,
  checkKeyValue,
  coerce,
  coerceParts,
  isKnownVersion,
  isObject,
  readResource,
  resolveAttribute,
  sectionNamed,
  sectionValue,
  versionTag,
} from "./input.ts";
import {
  type ScimCall,
  type ScimRequest,
  type ScimResource,
  type ScimResponse,
  wantsNothing,
} from "./operation.ts";
import { type Projection, projection } from "./projection.ts";
import { type Attribute, type ResourceSchema, urns } from "./schema.ts";

/** POST /Groups (RFC 7644 §3.3). */
export async function createGroup(call: ScimCall, { query, body }: ScimRequest): Promise<ScimResponse> {
  const project = projection(query, call.schemas.group);
  const { displayName, externalId = null, userIds } = readGroup(body, call.schemas.group);
  const changed = ["displayName", ...(userIds.length > 0 ? ["members"] : [])];
  return await call.store.transaction(async (store) => {
    const details = { changed, wants: wantsNothing };
    const group = await store.groups.create({ displayName, externalId }, details);
    if (userIds.length > 0) await store.groups.changeMembers(group.id, [{ kind: "add", userIds }]);
    return Object.assign(await answer(call, store, group, project), { status: 201 });
  });
}

/** GET /Groups/{id}: with its members, unless they are excluded (RFC 7644 §3.4.1). */
export async function readGroupById(call: ScimCall, request: ScimRequest): Promise<ScimResponse> {
  const project = projection(request.query, call.schemas.group);
  const group = await call.store.groups.get(request.id, project.wants);
  if (!group) throw groupNotFound();
  if (isKnownVersion(request, group.version)) return { status: 304, version: versionTag(group.version) };
  return await answer(call, call.store, group, project);
}

/** PUT /Groups/{id}: sets the members to exactly those that were sent; an absent externalId is kept. */
export async function replaceGroup(call: ScimCall, request: ScimRequest): Promise<ScimResponse> {
  const project = projection(request.query, call.schemas.group);
  const { displayName, externalId, userIds } = readGroup(request.body, call.schemas.group);
  const changes = { displayName, ...(externalId === undefined ? {} : { externalId }) };
  return await call.store.transaction(async (store) => {
    const group = await change(store, request, changes, [{ kind: "replace", userIds }]);
    return await answer(call, store, group, project);
  });
}

/**
 * PATCH /Groups/{id}: a few changes to sets, without loading the members, so that the cost is that of the change. The
 * answer is 204, unless the client asks for attributes (RFC 7644 §3.5.2).
 */
export async function patchGroupById(call: ScimCall, request: ScimRequest): Promise<ScimResponse> {
  const operations = parsePatch(request.body, maxOperations.group);
  const { changes, steps } = patchGroup(operations, call.schemas.group);
  checkKeys(changes);
  return await call.store.transaction(async (store) => {
    const group = await change(store, request, changes, steps);
    const { attributes, excludedAttributes } = request.query;
    if (attributes === undefined && excludedAttributes === undefined) {
      return { status: 204, version: versionTag(group.version) };
    }
    return await answer(call, store, group, projection(request.query, call.schemas.group));
  });
}

/** DELETE /Groups/{id}: its members remain users. */
export async function deleteGroup(call: ScimCall, request: ScimRequest): Promise<ScimResponse> {
  return await call.store.transaction(async (store) => {
    await lock(store, request);
    await store.groups.remove(request.id);
    return { status: 204 };
  });
}

/** A group as SCIM shows it. Without `members` they are left out, which differs from a group without members. */
export function toScimGroup(
  { baseUrl }: Pick<ScimCall, "baseUrl">,
  group: GroupRecord,
  members: readonly MemberRecord[] | undefined,
): ScimResource {
  return {
    schemas: [urns.group],
    id: group.id,
    ...(group.externalId === null ? {} : { externalId: group.externalId }),
    displayName: group.displayName,
    ...(members === undefined
      ? {}
      : {
          members: members.map(({ id, name }) => ({
            value: id,
            $ref: `${baseUrl}/Users/${id}`,
            display: name,
            type: "User",
          })),
        }),
    meta: {
      resourceType: "Group",
      created: new Date(group.createdAt).toISOString(),
      lastModified: new Date(group.updatedAt).toISOString(),
      location: `${baseUrl}/Groups/${group.id}`,
      version: versionTag(group.version),
    },
  };
}

const maxName = 1000;

/**
 * The body of POST and PUT /Groups. `externalId` is undefined if it was not sent, null if it was sent empty. Throws
 * badRequest for a missing name, for nested groups, and for members that are not a list.
 */
function readGroup(body: unknown, schema: ResourceSchema) {
  const { resource } = readResource(body, schema, ["displayName", "externalId", "members"]);
  const { displayName, members } = resource;
  if (typeof displayName !== "string" || displayName.trim() === "" || displayName.length > maxName) {
    throw badRequest("invalidValue", `displayName is required, with at most ${maxName} characters.`);
  }
  const group = { displayName, externalId: readExternalId(resource.externalId) };
  checkKeys(group);
  if (members === undefined || members === null) return { ...group, userIds: [] };
  if (!Array.isArray(members)) throw badRequest("invalidValue", "members must be a list.");
  return { ...group, userIds: memberIds(members, schema) };
}

function readExternalId(value: unknown): string | null | undefined {
  if (value === undefined) return undefined;
  if (value === null || value === "") return null;
  if (typeof value !== "string") throw badRequest("invalidValue", "externalId must be a string.");
  return value;
}

function checkKeys(group: { displayName?: string; externalId?: string | null | undefined }): void {
  checkKeyValue("displayName", group.displayName);
  checkKeyValue("externalId", group.externalId);
}

async function change(
  store: ScimStore,
  request: ScimRequest,
  changes: Partial<GroupInput>,
  steps: readonly MemberStep[],
): Promise<GroupRecord> {
  const before = await lock(store, request);
  const changed = [...Object.keys(changes), ...(steps.length > 0 ? ["members"] : [])];
  const group = await store.groups.update(before, changes, { changed, wants: wantsNothing });
  if (steps.length > 0) await store.groups.changeMembers(group.id, steps);
  return group;
}

async function lock({ groups }: ScimStore, request: ScimRequest): Promise<GroupRecord> {
  const group = await groups.lock(request.id, wantsNothing);
  if (!group) throw groupNotFound();
  checkIfMatch(request, group.version);
  return group;
}

async function answer(
  call: ScimCall,
  store: ScimStore,
  group: GroupRecord,
  project: Projection,
): Promise<ScimResponse> {
  const members = project.wants("members") ? await store.groups.membersOf([group.id]) : null;
  return {
    status: 200,
    body: project.apply(toScimGroup(call, group, members?.get(group.id))),
    location: `${call.baseUrl}/Groups/${group.id}`,
    version: versionTag(group.version),
  };
}

function groupNotFound() {
  return notFound("Group not found.");
}

/** The changes that a PATCH request makes to a group. */
export interface GroupPatch {
  changes: {
    displayName?: string;
    /** Null if it was removed. */
    externalId?: string | null;
  };
  steps: MemberStep[];
}

type OperationKind = PatchOperation["op"];

interface GroupTarget {
  attribute: Attribute;
  where: Filter | null;
}

/**
 * Translates the operations of a PATCH request on a group (RFC 7644 §3.5.2) without reading its members: to change a group
 * of 50,000 costs the same as to change a group of 5. Members that an object does not name, or names as null, stay as they
 * are: Okta sends {id, displayName} with every change of members. An empty list removes every member. As for users, an
 * object without a path is read as POST reads it, and a path has to name something that can be changed. Throws
 * badRequest.
 */
export function patchGroup(operations: readonly PatchOperation[], schema: ResourceSchema): GroupPatch {
  const changes: GroupPatch["changes"] = {};
  const steps = new Steps();
  const apply = (target: GroupTarget, op: OperationKind, value: unknown) => {
    const { name } = target.attribute;
    if (name === "members") steps.push(memberStep(target, op, value));
    else if (name === "displayName") changes.displayName = newName(target.attribute, op, value);
    else changes.externalId = op === "remove" ? null : (text(target.attribute, value) ?? null);
  };
  for (const { op, path, value } of operations) {
    if (path !== null && !sectionNamed(schema, path)) {
      apply(findTarget(path, schema), op, value);
      continue;
    }
    if (op === "remove") throw badRequest("noTarget", "A whole group is not removed by PATCH.");
    for (const [target, inner] of namedTargets(value, schema)) apply(target, op, inner);
  }
  return { changes, steps: steps.list() };
}

/** The ids in a value for `members`: one member or a list, each as an object or as a plain id. Throws badRequest. */
export function memberIds(value: unknown, schema: ResourceSchema): string[] {
  return idsOf(findTarget("members", schema).attribute, value);
}

function idsOf(attribute: Attribute, value: unknown): string[] {
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

/** The attributes that an object without a path names, except unknown and read-only ones (Okta echoes the id). */
function namedTargets(value: unknown, schema: ResourceSchema, isInner = false): [GroupTarget, unknown][] {
  return Object.entries(sectionValue(schema.core.id, value) ?? {}).flatMap(([key, inner]) => {
    if (!isInner && sectionNamed(schema, key)) return namedTargets(inner, schema, true);
    const target = lookUp(parseKey(key), schema);
    const isAbsent = target?.attribute.name === "members" && inner === null;
    return target && target.attribute.mutability !== "readOnly" && !isAbsent ? [[target, inner]] : [];
  });
}

function findTarget(path: string, schema: ResourceSchema): GroupTarget {
  const target = lookUp(parsePath(path), schema);
  if (target?.attribute.mutability === "readOnly" || path.toLowerCase() === "schemas") {
    throw badRequest("mutability", `${path} is read-only.`);
  }
  if (!target) throw badRequest("invalidPath", `A group has no attribute "${path}" that can be changed.`);
  return target;
}

function lookUp(parsed: PatchPath | null, schema: ResourceSchema): GroupTarget | null {
  const found = parsed && resolveAttribute(schema, parsed.path);
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

function memberStep({ attribute, where }: GroupTarget, op: OperationKind, value: unknown): MemberStep {
  if (where) {
    if (op !== "remove") throw badRequest("invalidPath", "Members chosen by a filter can only be removed.");
    return { kind: "remove", userIds: chosenIds(where) };
  }
  const isAbsent = value === undefined || value === null;
  // RFC 7644 §3.5.2.2: without a value every member is removed. Entra sends a value with the members to remove.
  if (op === "remove" && isAbsent) return { kind: "replace", userIds: [] };
  if (isAbsent)
    throw badRequest("invalidValue", "members has to be a list; an empty one removes every member.");
  return { kind: op, userIds: idsOf(attribute, value) };
}

/** The ids that `value eq "…" or value eq "…"` names. Any other filter would need to read the members. */
function chosenIds(where: Filter): string[] {
  if (where.kind === "or") return where.operands.flatMap(chosenIds);
  const isId = where.kind === "compare" && where.operator === "eq" && typeof where.value === "string";
  if (!isId || where.path.attribute.toLowerCase() !== "value") {
    throw badRequest("invalidPath", 'Members are chosen by value eq "id", or several of these joined by or.');
  }
  return [where.value as string];
}

function newName(attribute: Attribute, op: OperationKind, value: unknown): string {
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
 * Steps in order, as few as possible, because each costs several statements. Ids join an earlier step of their kind if
 * none of them occurs in the step between: then the order of the two makes no difference.
 */
class Steps {
  private readonly steps: { kind: MemberStep["kind"]; ids: Set<string> }[] = [];

  push({ kind, userIds }: MemberStep): void {
    const mergeable = kind === "replace" ? undefined : this.mergeable(kind, userIds);
    if (mergeable) {
      for (const id of userIds) mergeable.add(id);
      return;
    }
    // A replacement that follows another one overwrites it.
    if (kind === "replace" && this.steps.at(-1)?.kind === "replace") this.steps.pop();
    if (kind === "replace" || userIds.length > 0) this.steps.push({ kind, ids: new Set(userIds) });
  }

  list(): MemberStep[] {
    return this.steps.map(({ kind, ids }) => ({ kind, userIds: [...ids] }));
  }

  private mergeable(kind: MemberStep["kind"], userIds: readonly string[]): Set<string> | undefined {
    const [beforeLast, last] = [this.steps.at(-2), this.steps.at(-1)];
    if (last?.kind === kind) return last.ids;
    const isBarrier = last === undefined || last.kind === "replace" || userIds.some((id) => last.ids.has(id));
    return beforeLast?.kind === kind && !isBarrier ? beforeLast.ids : undefined;
  }
}
