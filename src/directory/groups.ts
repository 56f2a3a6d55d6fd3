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

/** One step of a change of members. Steps are applied in order; none of them loads the group. */
export type MembershipStep =
  | { kind: "add"; userIds: readonly string[] }
  | { kind: "remove"; userIds: readonly string[] }
  | { kind: "replace"; userIds: readonly string[] };

/**
 * Throws ConflictError `group-name-taken`, and InvalidError naming the members who do not exist or what hides in the name.
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
    await applyStep(inside, group.id, { kind: "add", userIds: memberIds });
    return group;
  });
}

/**
 * Renames a group, changes its members, or both: all or nothing. Removing somebody who is no member and adding
 * somebody who is one are no errors. What follows for roles follows from membership, so no role can fail the change.
 * Throws NotFoundError, ConflictError `group-name-taken` or `other-source`, and InvalidError naming every member
 * to be added who does not exist, or what hides in the new name.
 */
export async function updateProvisionedGroup(
  store: TenantStore,
  writer: Writer,
  groupId: string,
  changes: Partial<ProvisionedGroup>,
  steps: readonly MembershipStep[],
): Promise<Group> {
  return await store.transaction(async (inside) => {
    const before = await inside.groups.lock(groupId);
    if (!before) throw new NotFoundError("There is no such group.");
    const { displayName, ...others } = changes;
    // A name that stays is not judged anew, nor compared: it may be older than the rules.
    const renamed = displayName === undefined || displayName === before.displayName ? {} : { displayName };
    checkShownName(nameOfGroup, renamed.displayName);
    const group = await inside.groups.update(groupId, { ...mayWrite(writer, before), ...others, ...renamed });
    for (const step of steps) await applyStep(inside, groupId, step);
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
    mayWrite(writer, group);
    await inside.groups.remove(groupId);
  });
}

export async function applyStep(store: TenantStore, groupId: string, step: MembershipStep): Promise<void> {
  if (step.kind === "remove") {
    await store.groupMembers.remove(groupId, step.userIds);
    return;
  }
  const strangers = await store.groupMembers.strangers(step.userIds);
  if (strangers.length > 0) throw new InvalidError(`No such user: ${strangers.join(", ")}.`);
  if (step.kind === "replace") await store.groupMembers.removeAll(groupId);
  await store.groupMembers.add(groupId, step.userIds);
}

function mayWrite(writer: Writer, group: Group): { sourceId?: string; sourceKey?: null } {
  if (group.sourceId === writer.source.id) return {};
  if (group.sourceId !== null && writer.sourceConflict === "refuse") {
    throw new ConflictError("other-source", "This group is managed by another provisioning source.");
  }
  return { sourceId: writer.source.id, sourceKey: null };
}
