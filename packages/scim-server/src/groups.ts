/** Groups. Nothing here loads the members of a group, which may have 50,000, unless the answer shows them. */
import type { GroupInput, GroupRecord, GroupStore, MemberRecord, MemberStep, ScimStore } from "./backend.ts";
import { type ChosenStep, chosenStep, type GroupStep, referenceOf, resolveChosen } from "./chosen-members.ts";
import { badRequest, notFound } from "./errors.ts";
import { checkIfMatch, isKnownVersion, versionTag } from "./exchange.ts";
import {
  type Filter,
  maxOperations,
  memberPathLimits,
  type PatchOperation,
  type PatchPath,
  parseKey,
  parsePatch,
  parsePath,
} from "./grammar.ts";
import {
  checkKeyValue,
  coerce,
  coerceParts,
  isObject,
  labelOf,
  readResource,
  resolveAttribute,
  sectionNamed,
  sectionValue,
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
  const { displayName, externalId = null, userIds = [] } = readGroup(body, call.schemas.group);
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

/**
 * PUT /Groups/{id}: sets the members to exactly those that were sent. Absent members are kept: most clients that leave them
 * out did not read them (RFC 7644 §3.5.1 leaves the choice to the server). So is an absent or empty externalId, as for users.
 */
export async function replaceGroup(call: ScimCall, request: ScimRequest): Promise<ScimResponse> {
  const project = projection(request.query, call.schemas.group);
  const { displayName, externalId, userIds } = readGroup(request.body, call.schemas.group);
  const changes = { displayName, ...(externalId === undefined ? {} : { externalId }) };
  return await call.store.transaction(async (store) => {
    const steps: GroupStep[] = userIds === undefined ? [] : [{ kind: "replace", userIds }];
    const group = await change(store, request, changes, steps);
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

/**
 * The body of POST and PUT /Groups, by the reader of users. `externalId` is undefined if it was sent empty or not at all
 * (RFC 7643 §2.5), and so is `userIds` for null and "": only an empty list empties a group. Throws badRequest for a missing
 * name, for nested groups, and for members without an id.
 */
function readGroup(body: unknown, schema: ResourceSchema) {
  const { resource } = readResource(body, schema, ["members"]);
  const { displayName, members } = resource;
  if (typeof displayName !== "string" || displayName.trim() === "") {
    throw badRequest("invalidValue", "displayName is required.");
  }
  const externalId = typeof resource.externalId === "string" ? resource.externalId : undefined;
  checkKeys({ displayName, externalId });
  const { attribute } = findTarget("members", schema);
  const userIds = saysNoMembers(members) ? undefined : memberIds(attribute, members);
  return { displayName, externalId, userIds };
}

/** Whether a value for `members` says nothing about them. An empty list does: there are none. */
function saysNoMembers(members: unknown): boolean {
  return members === undefined || members === null || members === "";
}

function checkKeys(group: { displayName?: string; externalId?: string | null | undefined }): void {
  checkKeyValue("displayName", group.displayName);
  checkKeyValue("externalId", group.externalId);
}

async function change(
  store: ScimStore,
  request: ScimRequest,
  changes: Partial<GroupInput>,
  steps: readonly GroupStep[],
): Promise<GroupRecord> {
  const before = await lock(store, request);
  const changed = [...Object.keys(changes), ...(steps.length > 0 ? ["members"] : [])];
  const group = await store.groups.update(before, changes, { changed, wants: wantsNothing });
  await changeMembers(store.groups, group.id, steps);
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

type OperationKind = PatchOperation["op"];

/** The attribute that one operation changes, and the members that its path chooses. */
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
export function patchGroup(operations: readonly PatchOperation[], schema: ResourceSchema) {
  const changes: Partial<GroupInput> = {};
  const steps = new Steps();
  let isNameless = false;
  const apply = (target: GroupTarget, op: OperationKind, value: unknown) => {
    const { name } = target.attribute;
    if (name === "members") steps.push(memberStep(target, op, value));
    else if (name === "displayName") {
      const newName = op === "remove" ? undefined : text(target.attribute, value);
      isNameless = newName === undefined || newName.trim() === "";
      if (newName !== undefined && !isNameless) changes.displayName = newName;
    } else changes.externalId = op === "remove" ? null : (text(target.attribute, value) ?? null);
  };
  for (const { op, path, value } of operations) {
    if (path !== null && !sectionNamed(schema, path)) {
      apply(findTarget(path, schema), op, value);
      continue;
    }
    if (op === "remove") throw badRequest("noTarget", "A whole group is not removed by PATCH.");
    for (const [target, inner] of namedTargets(value, schema)) apply(target, op, inner);
  }
  // Judged after the whole request, as for users: a client may remove the name and then add another (RFC 7644 §3.5.2.2).
  if (isNameless) throw badRequest("mutability", "displayName is required.");
  return { changes, steps: steps.list() };
}

/**
 * The attributes that an object without a path names, except unknown and read-only ones (Okta echoes the id). Throws
 * badRequest for one that is named twice, as readResource does.
 */
function namedTargets(value: unknown, schema: ResourceSchema): [GroupTarget, unknown][] {
  const seen = new Set<string>();
  const named = (object: unknown, isInner: boolean): [GroupTarget, unknown][] =>
    Object.entries(sectionValue(schema.core.id, object) ?? {}).flatMap(([key, inner]) => {
      if (!isInner && sectionNamed(schema, key)) return named(inner, true);
      const target = lookUp(parseKey(key), schema);
      if (!target || target.attribute.mutability === "readOnly") return [];
      const label = labelOf(null, target.attribute);
      if (target.where === null && seen.has(label))
        throw badRequest("invalidSyntax", `${label} is there more than once.`);
      if (target.where === null) seen.add(label);
      return label === "members" && saysNoMembers(inner) ? [] : [[target, inner]];
    });
  return named(value, false);
}

function findTarget(path: string, schema: ResourceSchema): GroupTarget {
  const target = lookUp(parsePath(path, memberPathLimits), schema);
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

function memberStep({ attribute, where }: GroupTarget, op: OperationKind, value: unknown): GroupStep {
  if (where && op === "add") {
    throw badRequest("invalidPath", "Members chosen by a filter can only be removed or replaced.");
  }
  if (where) return chosenStep(attribute, where, op === "remove" ? null : memberIds(attribute, value));
  // RFC 7644 §3.5.2.2: without a value every member is removed. Entra sends a value with the members to remove.
  if (op === "remove" && value === undefined) return { kind: "replace", userIds: [] };
  // A client that means some members, and names none by mistake, must not remove everyone.
  if (saysNoMembers(value))
    throw badRequest(
      "invalidValue",
      op === "remove"
        ? "members to remove are a list; leave value out to remove every member."
        : "members has to be a list; an empty one removes every member.",
    );
  return { kind: op, userIds: memberIds(attribute, value) };
}

function text(attribute: Attribute, value: unknown): string | undefined {
  const [only, ...more] = Array.isArray(value) ? value : [];
  // Entra's older form of a single value: [{"$ref": null, "value": "…"}].
  const plain = more.length === 0 && isObject(only) ? only.value : value;
  return coerce(attribute, plain, attribute.name) as string | undefined;
}

/**
 * The ids in a value for `members`, each once: one member or a list, each as an object or as a plain id. A member may have
 * only a `$ref`. Throws badRequest.
 */
export function memberIds(members: Attribute, value: unknown): string[] {
  const attribute = { ...members, subAttributes: identifying(members) };
  const sent = unwrapped(value);
  return [...new Set((Array.isArray(sent) ? sent : [sent]).map((member) => idOf(attribute, member)))];
}

/** `value`, `type` and `$ref` say who a member is, whether or not the schema lets clients write them. */
function identifying({ subAttributes = [] }: Attribute): Attribute[] {
  const named = subAttributes.filter(({ name }) => name !== "display");
  return named.map((sub) => ({ ...sub, mutability: "immutable" }));
}

/** Salesforce and scimitar document `"path": "members", "value": {"members": […]}`. */
function unwrapped(value: unknown): unknown {
  const [only, ...more] = isObject(value) ? Object.entries(value) : [];
  return only && more.length === 0 && only[0].toLowerCase() === "members" ? only[1] : value;
}

function idOf(attribute: Attribute, member: unknown): string {
  const parts = coerceParts(attribute, member, "members");
  const [id, type, ref] = ["value", "type", "$ref"].map((name) => parts.get(name));
  const referred = typeof ref === "string" ? referenceOf(ref) : null;
  // RFC 7643 §4.2 leaves it to the server whether groups may hold groups.
  if (String(type).toLowerCase() === "group" || referred?.isGroup) {
    throw badRequest("invalidValue", "Nested groups are not supported: members have to be users.");
  }
  const named = id ?? referred?.id;
  if (typeof named !== "string") throw badRequest("invalidValue", "Each member needs a value: a user's id.");
  return named;
}

function isChosen(step: object): step is ChosenStep {
  return "where" in step;
}

/** Carries out the steps in order. */
async function changeMembers(groups: GroupStore, groupId: string, steps: readonly GroupStep[]) {
  let waiting: MemberStep[] = [];
  for (const step of steps) {
    if (!isChosen(step)) {
      waiting.push(step);
      continue;
    }
    // A filter chooses among the members that the steps before it leave.
    if (waiting.length > 0) await groups.changeMembers(groupId, waiting);
    waiting = await resolveChosen(groups, groupId, step);
  }
  if (waiting.length > 0) await groups.changeMembers(groupId, waiting);
}

/**
 * Steps in order, as few as possible, because each costs several statements. Ids join an earlier step of their kind if
 * none of them occurs in the step between: then the order of the two makes no difference.
 */
class Steps {
  private readonly steps: (ChosenStep | { kind: MemberStep["kind"]; ids: Set<string> })[] = [];

  push(step: GroupStep): void {
    if (isChosen(step)) {
      this.steps.push(step);
      return;
    }
    const { kind, userIds } = step;
    const mergeable = kind === "replace" ? undefined : this.mergeable(kind, userIds);
    if (mergeable) {
      for (const id of userIds) mergeable.add(id);
      return;
    }
    // A replacement that follows another one overwrites it.
    if (kind === "replace" && this.steps.at(-1)?.kind === "replace") this.steps.pop();
    if (kind === "replace" || userIds.length > 0) this.steps.push({ kind, ids: new Set(userIds) });
  }

  list(): GroupStep[] {
    return this.steps.map((step) => (isChosen(step) ? step : { kind: step.kind, userIds: [...step.ids] }));
  }

  private mergeable(kind: MemberStep["kind"], userIds: readonly string[]): Set<string> | undefined {
    const [beforeLast, last] = [this.steps.at(-2), this.steps.at(-1)];
    if (last === undefined || isChosen(last)) return undefined;
    if (last.kind === kind) return last.ids;
    const isBarrier = last.kind === "replace" || userIds.some((id) => last.ids.has(id));
    return !isBarrier && beforeLast && !isChosen(beforeLast) && beforeLast.kind === kind
      ? beforeLast.ids
      : undefined;
  }
}
