import type { GroupInput, GroupRecord, MemberRecord, MemberStep, ScimStore } from "./backend.ts";
import { badRequest, notFound } from "./errors.ts";
import {
  checkIfMatch,
  isKnownVersion,
  type ScimCall,
  type ScimRequest,
  type ScimResponse,
  versionTag,
  wantsNothing,
} from "./operation.ts";
import { memberIds, patchGroup } from "./patch-group.ts";
import { maxOperations, parsePatch } from "./patch-operations.ts";
import { type Projection, projection } from "./projection.ts";
import { checkKeyValue, readResource } from "./resource-input.ts";
import { type ResourceSchema, urns } from "./schema.ts";
import type { ScimResource } from "./user-resource.ts";

/** POST /Groups (RFC 7644 §3.3). */
export async function createGroup(call: ScimCall, { query, body }: ScimRequest): Promise<ScimResponse> {
  const project = projection(query, call.schemas.group);
  const { displayName, externalId = null, userIds } = readGroup(body, call.schemas.group);
  const changed = ["displayName", ...(userIds.length > 0 ? ["members"] : [])];
  return await call.store.transaction(async (store) => {
    const details = { changed, wants: wantsNothing };
    const group = await store.groups.create({ displayName, externalId }, details);
    if (userIds.length > 0) await store.groups.changeMembers(group.id, [{ kind: "add", userIds }]);
    return { ...(await answer(call, store, group, project)), status: 201 };
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
  const { resource, cleared } = readResource(body, schema, "members");
  const { displayName, externalId = cleared.has("externalId") ? null : undefined, members } = resource;
  if (typeof displayName !== "string" || displayName.trim() === "" || displayName.length > maxName) {
    throw badRequest("invalidValue", `displayName is required, with at most ${maxName} characters.`);
  }
  const group = { displayName, externalId: externalId as string | null | undefined };
  checkKeys(group);
  if (members === undefined || members === null) return { ...group, userIds: [] };
  if (!Array.isArray(members)) throw badRequest("invalidValue", "members must be a list.");
  return { ...group, userIds: memberIds(members, schema) };
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
