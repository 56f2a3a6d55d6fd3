import { randomUUID } from "node:crypto";
import { ConflictError, InvalidError, NotFoundError } from "../errors.ts";
import type { Group } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { checkShownName } from "./names.ts";
import type { Writer } from "./provisioning.ts";

export interface ProvisionedGroup {
  displayName: string;
  sourceKey: string | null;
}

const nameOfGroup = "The group's name";

/** One step of a change of members. Steps are applied in order, and none loads the whole group. */
export type MembershipStep =
  | { kind: "add"; userIds: readonly string[] }
  | { kind: "remove"; userIds: readonly string[] }
  | { kind: "replace"; userIds: readonly string[] };

export interface GroupUpdate {
  changes?: Partial<ProvisionedGroup>;
  steps?: readonly MembershipStep[];
}

/**
 * Creates a group. Throws ConflictError `group-name-taken`, and InvalidError that names unknown members or a hidden
 * character of the name.
 */
export async function provisionGroup(
  store: TenantStore,
  writer: Writer,
  wanted: ProvisionedGroup,
  memberIds: readonly string[],
): Promise<Group> {
  checkShownName(nameOfGroup, wanted.displayName);
  return await store.transaction(async (inside) => {
    const group = await inside.groups.create({ ...wanted, id: randomUUID(), sourceId: writer.source.id });
    await inside.activity.tell({ name: "groupChanged", groupId: group.id, change: "created" });
    if (memberIds.length > 0) await changeMembers(inside, group.id, [{ kind: "add", userIds: memberIds }]);
    return group;
  });
}

/**
 * Renames a group, changes its members, or both, in one transaction. It is fine to remove a user who is not a member, or
 * to add one who is. Throws NotFoundError, ConflictError `group-name-taken` or `other-source`, and InvalidError that
 * names every unknown user to be added, or a hidden character of the new name.
 */
export async function updateProvisionedGroup(
  store: TenantStore,
  writer: Writer,
  groupId: string,
  { changes = {}, steps = [] }: GroupUpdate,
): Promise<Group> {
  return await store.transaction(async (inside) => {
    const before = await inside.groups.lock(groupId);
    if (!before) throw new NotFoundError("There is no such group.");
    const { displayName, ...others } = changes;
    // An unchanged name may be older than the rules for names, so it is not checked again.
    const renamed = displayName === undefined || displayName === before.displayName ? {} : { displayName };
    checkShownName(nameOfGroup, renamed.displayName);
    const group = await inside.groups.update(groupId, {
      ...adoptionOf(writer, before),
      ...others,
      ...renamed,
    });
    if (Object.keys(changes).length > 0)
      await inside.activity.tell({ name: "groupChanged", groupId, change: "changed" });
    await changeMembers(inside, groupId, steps);
    return group;
  });
}

/** Removes a group; its members stay. Throws NotFoundError or ConflictError `other-source`. */
export async function deleteProvisionedGroup(
  store: TenantStore,
  writer: Writer,
  groupId: string,
): Promise<void> {
  await store.transaction(async (inside) => {
    const group = await inside.groups.lock(groupId);
    if (!group) throw new NotFoundError("There is no such group.");
    adoptionOf(writer, group);
    await inside.groups.remove(groupId);
    await inside.activity.tell({ name: "groupChanged", groupId, change: "deleted" });
  });
}

/** Changes the members of a group. Call it in the transaction that locked the group. Throws InvalidError for unknown users. */
export async function changeMembers(
  store: TenantStore,
  groupId: string,
  steps: readonly MembershipStep[],
): Promise<void> {
  for (const step of steps) await applyStep(store, groupId, step);
  if (steps.length > 0) await store.activity.tell({ name: "groupChanged", groupId, change: "members" });
}

async function applyStep(store: TenantStore, groupId: string, step: MembershipStep): Promise<void> {
  if (step.kind === "remove") {
    await store.groupMembers.remove(groupId, step.userIds);
    return;
  }
  const strangers = await store.groupMembers.unknownUsers(step.userIds);
  if (strangers.length > 0) throw new InvalidError(`No such user: ${strangers.join(", ")}.`);
  if (step.kind === "replace") await store.groupMembers.removeAll(groupId);
  await store.groupMembers.add(groupId, step.userIds);
}

/** Returns the changes that adopt a group. Throws ConflictError `other-source`. */
function adoptionOf(writer: Writer, group: Group): { sourceId?: string; sourceKey?: null } {
  if (group.sourceId === writer.source.id) return {};
  if (group.sourceId !== null && writer.sourceConflict === "refuse") {
    throw new ConflictError("other-source", "This group is managed by another provisioning source.");
  }
  return { sourceId: writer.source.id, sourceKey: null };
}
