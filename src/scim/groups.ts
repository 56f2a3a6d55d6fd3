import {
  deleteProvisionedGroup,
  type MembershipStep,
  provisionGroup,
  updateProvisionedGroup,
} from "../directory/groups.ts";
import type { Group } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { recordActivity, type ScimAnswer, type ScimContext, type ScimRequest } from "./context.ts";
import { ScimError } from "./errors.ts";
import { normaliseGroup } from "./group-input.ts";
import { toScimGroup } from "./group-resource.ts";
import { checkKeyValue } from "./key-values.ts";
import { groupPatch } from "./patch-group.ts";
import { maxOperations, parsePatch } from "./patch-operations.ts";
import { checkIfMatch, isKnown } from "./preconditions.ts";
import { type Projection, projection } from "./projection.ts";
import { groupSchema } from "./schema.ts";
import { versionTag } from "./user-resource.ts";

/** POST /Groups. */
export async function createGroup(context: ScimContext, request: ScimRequest): Promise<ScimAnswer> {
  const project = projection(request.query, groupSchema);
  const { displayName, externalId, memberIds } = normaliseGroup(request.body);
  checkKeys({ displayName, externalId });
  return await context.store.transaction(async (store) => {
    const wanted = { displayName, sourceKey: externalId ?? null };
    const group = await provisionGroup(store, context.writer, wanted, memberIds);
    const changed = ["displayName", ...(memberIds.length > 0 ? ["members"] : [])];
    await recordActivity(context, store, { action: "group.created", targetId: group.id, changed });
    return { ...(await answer(context, store, group, project)), status: 201 };
  });
}

/** GET /Groups/{id}: with its members, unless they are excluded. */
export async function readGroup(context: ScimContext, id: string, request: ScimRequest): Promise<ScimAnswer> {
  const project = projection(request.query, groupSchema);
  const group = await context.store.groups.byId(id);
  if (!group) throw groupNotFound();
  if (isKnown(request, group.version)) return { status: 304, version: versionTag(group.version) };
  return await answer(context, context.store, group, project);
}

/** PUT /Groups/{id}: the members become exactly those that were sent; an absent externalId is kept. */
export async function replaceGroup(
  context: ScimContext,
  id: string,
  request: ScimRequest,
): Promise<ScimAnswer> {
  const project = projection(request.query, groupSchema);
  const { displayName, externalId, memberIds } = normaliseGroup(request.body);
  checkKeys({ displayName, externalId });
  const changes = { displayName, ...(externalId === undefined ? {} : { sourceKey: externalId }) };
  const steps: MembershipStep[] = [{ kind: "replace", userIds: memberIds }];
  return await context.store.transaction(async (store) => {
    const group = await change(context, store, id, request, changes, steps);
    return await answer(context, store, group, project);
  });
}

/**
 * PATCH /Groups/{id}, as set operations: the members are never loaded, so that the cost is that of the change. The
 * answer is 204, unless the client asks for attributes (RFC 7644 §3.5.2).
 */
export async function patchGroupById(
  context: ScimContext,
  id: string,
  request: ScimRequest,
): Promise<ScimAnswer> {
  const { changes, steps } = groupPatch(parsePatch(request.body, maxOperations.group));
  const { externalId, ...renamed } = changes;
  checkKeys(changes);
  const wanted = { ...renamed, ...(externalId === undefined ? {} : { sourceKey: externalId }) };
  return await context.store.transaction(async (store) => {
    const group = await change(context, store, id, request, wanted, steps);
    const { attributes, excludedAttributes } = request.query;
    if (attributes === undefined && excludedAttributes === undefined) {
      return { status: 204, version: versionTag(group.version) };
    }
    return await answer(context, store, group, projection(request.query, groupSchema));
  });
}

/** DELETE /Groups/{id}: its members stay. */
export async function deleteGroup(
  context: ScimContext,
  id: string,
  request: ScimRequest,
): Promise<ScimAnswer> {
  return await context.store.transaction(async (store) => {
    await lock(store, id, request);
    await deleteProvisionedGroup(store, context.writer, id);
    await recordActivity(context, store, { action: "group.deleted", targetId: id, changed: [] });
    return { status: 204 };
  });
}

function checkKeys(group: { displayName?: string; externalId?: string | null | undefined }): void {
  checkKeyValue("displayName", group.displayName);
  checkKeyValue("externalId", group.externalId);
}

async function change(
  context: ScimContext,
  store: TenantStore,
  id: string,
  request: ScimRequest,
  changes: { displayName?: string; sourceKey?: string | null },
  steps: MembershipStep[],
): Promise<Group> {
  await lock(store, id, request);
  const group = await updateProvisionedGroup(store, context.writer, id, { changes, steps });
  const changed = [...Object.keys(changes), ...(steps.length > 0 ? ["members"] : [])];
  await recordActivity(context, store, { action: "group.updated", targetId: id, changed });
  return group;
}

async function lock(store: TenantStore, id: string, request: ScimRequest): Promise<void> {
  const group = await store.groups.lock(id);
  if (!group) throw groupNotFound();
  checkIfMatch(request, group.version);
}

async function answer(
  context: ScimContext,
  store: TenantStore,
  group: Group,
  project: Projection,
): Promise<ScimAnswer> {
  const members = project.wants("members") ? await store.groupMembers.ofGroups([group.id]) : null;
  return {
    status: 200,
    body: project.apply(toScimGroup(context, group, members?.get(group.id) ?? null)),
    location: `${context.baseUrl}/Groups/${group.id}`,
    version: versionTag(group.version),
  };
}

function groupNotFound(): ScimError {
  return new ScimError(404, null, "Group not found.");
}
